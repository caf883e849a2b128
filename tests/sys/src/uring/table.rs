// SPDX-License-Identifier: GPL-2.0

//! An io_uring with registered files, which are in no descriptor table.

use std::io;

use io_uring::{opcode, types, IoUring};

use super::result_of;

/// The number of files for which a table has room.
pub const ROOM: u32 = 8;

/// The ring.
pub struct Table {
    ring: IoUring,
    // Leaked, since the kernel may write to it while the ring exists.
    buffer: &'static mut [u8],
}

impl Table {
    /// A ring without registered files.
    pub fn new() -> io::Result<Self> {
        let ring = IoUring::new(4)?;
        let submitter = ring.submitter();
        submitter.register_files_sparse(ROOM)?;
        let buffer = Box::leak(vec![0; 2048].into_boxed_slice());
        Ok(Self { ring, buffer })
    }

    /// Registers a file in a place, or removes the one that is there.
    pub fn put(&mut self, place: u32, fd: Option<i32>) -> io::Result<()> {
        let fds = [fd.unwrap_or(-1)];
        let submitter = self.ring.submitter();
        submitter.register_files_update(place, &fds)?;
        Ok(())
    }

    /// Receives on the socket in a place, without waiting.
    pub fn receive(&mut self, place: u32) -> io::Result<&[u8]> {
        let (ptr, len) = (self.buffer.as_mut_ptr(), self.buffer.len() as u32);
        let receive = opcode::Recv::new(types::Fixed(place), ptr, len);
        let entry = receive.flags(libc::MSG_DONTWAIT).build();
        // SAFETY: the buffer is leaked, so it stays valid. `&mut self` guarantees that nothing
        // else uses it before the operation has ended.
        let _ = unsafe { self.ring.submission().push(&entry) };
        self.ring.submit_and_wait(1)?;
        let done = self.ring.completion().next();
        let got = result_of(done.map_or(-libc::EAGAIN, |c| c.result()))?;
        Ok(&self.buffer[..(got as usize).min(len as usize)])
    }
}
