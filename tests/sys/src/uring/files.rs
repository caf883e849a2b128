// SPDX-License-Identifier: GPL-2.0

//! Registered files, which are in no descriptor table, and registered memory.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use io_uring::{opcode, types};

use super::Ring;
use crate::memory::Shared;

impl Ring {
    /// Registers files in the ring's own table, from slot 0.
    pub fn register(&mut self, files: &[&impl AsFd]) -> io::Result<()> {
        let fds: Vec<_> = files.iter().map(|f| f.as_fd().as_raw_fd()).collect();
        self.0.submitter().register_files(&fds)
    }

    /// Registers memory, whose pages the kernel pins.
    pub fn register_memory(&mut self, memory: &Shared) -> io::Result<()> {
        // SAFETY: `Shared` guarantees that the memory is mapped. The kernel pins its pages, and
        // `write_registered`, the only operation on it, borrows it.
        unsafe { self.0.submitter().register_buffers(&[memory.part()]) }
    }

    /// Makes room for sockets in the ring's own table.
    pub fn register_room(&mut self, slots: u32) -> io::Result<()> {
        self.0.submitter().register_files_sparse(slots)
    }

    /// `socket()` into a slot.
    pub fn socket_into(
        &mut self,
        slot: u32,
        domain: i32,
        kind: i32,
        protocol: i32,
    ) -> io::Result<()> {
        let to = types::DestinationSlot::try_from_slot_target(slot).expect("a slot");
        let socket = opcode::Socket::new(domain, kind, protocol);
        self.run(socket.file_index(Some(to)).build()).map(drop)
    }

    /// Makes a descriptor for the file in a slot.
    pub fn install(&mut self, slot: u32) -> io::Result<OwnedFd> {
        let fd = self.run(opcode::FixedFdInstall::new(types::Fixed(slot), 0).build())?;
        // SAFETY: the kernel made this descriptor for the operation, so nothing owns it yet.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}
