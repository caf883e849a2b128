// SPDX-License-Identifier: GPL-2.0

//! Operations that change or read a socket itself.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use io_uring::{opcode, squeue, types};

use super::{On, Ring};
use crate::memory::Shared;

/// `SOCKET_URING_OP_GETSOCKOPT` of `include/uapi/linux/io_uring.h`.
const GETSOCKOPT: u32 = 2;

/// The offset of the command in an entry, in words of 4 bytes: `cmd_op` of `struct
/// io_uring_sqe`.
const COMMAND: usize = 2;

impl Ring {
    /// Sets an option whose value is a number.
    pub fn set_option<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        option: (i32, i32),
        value: i32,
    ) -> io::Result<()> {
        self.set_option_bytes(on, option, &value.to_ne_bytes())
    }

    /// Sets an option of any size.
    pub fn set_option_bytes<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        (level, name): (i32, i32),
        value: &[u8],
    ) -> io::Result<()> {
        let place = value.as_ptr().cast();
        let (level, name, len) = (level as u32, name as u32, value.len() as u32);
        self.run_on(on.into(), |fd| {
            opcode::SetSockOpt::new(fd, level, name, place, len).build()
        })
        .map(drop)
    }

    /// Reads an option whose value is a number.
    pub fn option<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        (level, name): (i32, i32),
    ) -> io::Result<()> {
        let mut value = 0_i32;
        let place = (&raw mut value).cast_const().cast();
        let (level, name, len) = (level as u32, name as u32, size_of::<i32>() as u32);
        self.run_on(on.into(), |fd| {
            // The command that sets an option has the same fields.
            let mut entry = opcode::SetSockOpt::new(fd, level, name, place, len).build();
            become_command(&mut entry, GETSOCKOPT);
            entry
        })
        .map(drop)
    }

    /// Writes registered memory to a file. The memory is that of the process that
    /// registered it.
    pub fn write_registered(
        &mut self,
        file: &impl AsFd,
        memory: &Shared,
        len: usize,
    ) -> io::Result<i32> {
        let fd = types::Fd(file.as_fd().as_raw_fd());
        let at = memory.part().iov_base.cast_const().cast();
        self.run(opcode::WriteFixed::new(fd, at, len as u32, 0).build())
    }

    /// Ends one or both directions of a socket.
    pub fn shutdown<'a>(&mut self, on: impl Into<On<'a>>, how: i32) -> io::Result<()> {
        self.run_on(on.into(), |fd| opcode::Shutdown::new(fd, how).build())
            .map(drop)
    }
}

fn become_command(entry: &mut squeue::Entry, command: u32) {
    // SAFETY: `Entry` is a struct io_uring_sqe of 64 bytes, aligned to 8, so word
    // `COMMAND` is inside it and is `cmd_op`.
    unsafe {
        (entry as *mut squeue::Entry)
            .cast::<u32>()
            .add(COMMAND)
            .write(command);
    };
}
