// SPDX-License-Identifier: GPL-2.0

//! Operations that wait for input on a socket while the process that began them does
//! something else.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use io_uring::{opcode, squeue, types};

use super::{name, On, Ring, PATIENCE};
use crate::addr::Addr;
use crate::pipe::pipe;
use crate::waiting::within;

/// How many bytes one operation can take.
const ROOM: usize = 64;

/// The group of buffers for operations that receive again and again.
const GROUP: u16 = 7;

/// An operation that waits.
#[derive(Clone, Copy)]
pub enum Wait {
    /// `accept()`.
    Accept,
    /// `accept()` of one connection after the other.
    AcceptMany,
    /// `recv()`.
    Receive,
    /// `recv()` of one message after the other.
    ReceiveMany,
    /// `recvmsg()`.
    ReceiveMessage,
    /// `read()`.
    Read,
    /// `splice()` to a pipe.
    Splice,
}

impl Ring {
    /// Begins an operation. The calling thread tries it, and the kernel continues it
    /// in that thread when there is input. Only one operation may be in flight at a time.
    pub fn begin(&mut self, on: &impl AsFd, what: Wait) {
        self.begin_with(on, what, squeue::Flags::empty());
    }

    /// Begins an operation that a worker thread of the ring runs.
    pub fn begin_by_worker(&mut self, on: &impl AsFd, what: Wait) {
        self.begin_with(on, what, squeue::Flags::ASYNC);
    }

    fn begin_with(&mut self, on: &impl AsFd, what: Wait, flags: squeue::Flags) {
        let entry = self.entry(On::from(on).fd(), what).flags(flags);
        // SAFETY: `entry()` leaks the memory that the entry points to, so it stays valid
        // until the operation has ended.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        self.0.submit().expect("submit");
        let taken = within(PATIENCE, || self.0.submission().is_empty());
        assert!(
            taken,
            "the ring's polling thread did not take the entry within {PATIENCE:?}"
        );
    }

    /// The entry of an operation. The memory that it points to is never freed, since the
    /// operation may outlive the ring.
    fn entry(&mut self, fd: types::Fd, what: Wait) -> squeue::Entry {
        let none = std::ptr::null_mut();
        let room = Box::leak(Box::new([0_u8; ROOM]));
        let (ptr, len) = (room.as_mut_ptr(), ROOM as u32);
        match what {
            Wait::Accept => opcode::Accept::new(fd, none, none.cast()).build(),
            Wait::AcceptMany => opcode::AcceptMulti::new(fd).build(),
            Wait::Receive => opcode::Recv::new(fd, ptr, len).build(),
            Wait::ReceiveMany => {
                let one = opcode::ProvideBuffers::new(ptr, ROOM as i32, 1, GROUP, 0);
                self.run(one.build()).expect("a buffer");
                opcode::RecvMulti::new(fd, GROUP).build()
            }
            Wait::ReceiveMessage => {
                let part = Box::leak(Box::new(libc::iovec {
                    iov_base: ptr.cast(),
                    iov_len: ROOM,
                }));
                // SAFETY: `msghdr` is plain data, and zeros are null pointers and lengths
                // of zero.
                let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
                message.msg_iov = part;
                message.msg_iovlen = 1;
                opcode::RecvMsg::new(fd, Box::leak(Box::new(message))).build()
            }
            Wait::Read => opcode::Read::new(fd, ptr, len).build(),
            Wait::Splice => {
                let ends: &'static (OwnedFd, OwnedFd) =
                    Box::leak(Box::new(pipe().expect("a pipe")));
                let to = types::Fd(ends.1.as_raw_fd());
                opcode::Splice::new(fd, -1, to, -1, len).build()
            }
        }
    }

    /// Begins to set an option as soon as `ready` can be read, in the calling thread. Ends
    /// with two results: one for waiting, one for the option.
    pub fn begin_option_after(
        &mut self,
        ready: &impl AsFd,
        sock: &impl AsFd,
        (level, name): (i32, i32),
        value: &'static [u8],
    ) {
        let input = libc::POLLIN as u32;
        let wait = opcode::PollAdd::new(On::from(ready).fd(), input).build();
        let (level, name, place) = (level as u32, name as u32, value.as_ptr().cast());
        let fd = On::from(sock).fd();
        let set = opcode::SetSockOpt::new(fd, level, name, place, value.len() as u32).build();
        let entries = [wait.flags(squeue::Flags::IO_LINK), set];
        // SAFETY: `value` is `'static`, so it stays valid until the operation has ended.
        unsafe { self.0.submission().push_multiple(&entries) }.expect("room in the ring");
        self.0.submit().expect("submit");
    }

    /// How many operations have ended whose results were not taken. Makes no system call.
    pub fn ended(&mut self) -> usize {
        self.0.completion().len()
    }

    /// `bind()` on the ring, by the calling thread.
    pub fn bind_by_caller(&mut self, sock: &impl AsFd, addr: impl Into<Addr>) -> io::Result<()> {
        let addr: &'static Addr = Box::leak(Box::new(addr.into()));
        let (ptr, len) = name(addr);
        let entry = opcode::Bind::new(On::from(sock).fd(), ptr, len).build();
        // SAFETY: `addr` is leaked, so it stays valid until the operation has ended.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        self.0.submit_and_wait(1)?;
        self.result().map(drop)
    }

    /// Waits for the result of the operation that was begun: a descriptor, or the number
    /// of bytes received.
    pub fn finish(&mut self) -> io::Result<i32> {
        loop {
            match self.0.submit_and_wait(1) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
                Ok(_) => return self.result(),
            }
        }
    }
}
