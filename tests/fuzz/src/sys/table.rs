// SPDX-License-Identifier: GPL-2.0

//! An io_uring that has files registered, which are in no table of descriptors.

use io_uring::{opcode, types, IoUring};

use super::Result;

/// How many files a table has room for.
pub const ROOM: u32 = 8;

/// The ring.
pub struct Table {
    ring: IoUring,
    // The kernel may write to it as long as the ring is there: it stays for ever.
    buffer: &'static mut [u8],
}

fn errno(error: std::io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

impl Table {
    /// One with no files.
    pub fn new() -> Result<Self> {
        let ring = IoUring::new(4).map_err(errno)?;
        let submitter = ring.submitter();
        submitter.register_files_sparse(ROOM).map_err(errno)?;
        let buffer = Box::leak(vec![0; 2048].into_boxed_slice());
        Ok(Self { ring, buffer })
    }

    /// Puts a file in a place, or takes away what is there.
    pub fn put(&mut self, place: u32, fd: Option<i32>) -> Result<()> {
        let fds = [fd.unwrap_or(-1)];
        let submitter = self.ring.submitter();
        submitter
            .register_files_update(place, &fds)
            .map_err(errno)?;
        Ok(())
    }

    /// Receives on the socket in a place what is there at once.
    pub fn receive(&mut self, place: u32) -> Result<&[u8]> {
        let (ptr, len) = (self.buffer.as_mut_ptr(), self.buffer.len() as u32);
        let receive = opcode::Recv::new(types::Fixed(place), ptr, len);
        let entry = receive.flags(libc::MSG_DONTWAIT).build();
        // SAFETY: the buffer stays for ever, and this waits until it is filled.
        let _ = unsafe { self.ring.submission().push(&entry) };
        self.ring.submit_and_wait(1).map_err(errno)?;
        let done = self.ring.completion().next().map(|c| c.result());
        match done {
            Some(got @ 0..) => Ok(&self.buffer[..(got as usize).min(len as usize)]),
            Some(error) => Err(-error),
            None => Err(libc::EAGAIN),
        }
    }
}
