// SPDX-License-Identifier: GPL-2.0

//! Mounts, and memory that is mapped from files.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

use super::check;

/// Mounts a file system of a kind.
pub fn mount(kind: &CStr, at: &CStr, options: &CStr) -> io::Result<()> {
    let (kind, options) = (kind.as_ptr(), options.as_ptr());
    // SAFETY: all are strings; the options are one, too.
    let ret = unsafe { libc::mount(kind, at.as_ptr(), kind, 0, options.cast()) };
    check(ret.into()).map(drop)
}

/// Takes a file system away, as soon as nobody uses it any more.
pub fn unmount(at: &CStr) -> io::Result<()> {
    // SAFETY: `at` is a string.
    check(unsafe { libc::umount2(at.as_ptr(), libc::MNT_DETACH) }.into()).map(drop)
}

/// The first bytes of a file, or of none, as memory, which is not there yet. It is only
/// ever read by the kernel, on behalf of the calls below.
///
/// # Invariants
///
/// `at` is the start of a mapping of `len` bytes, readable, which this owns.
#[derive(Debug)]
pub struct Mapped {
    at: NonNull<libc::c_void>,
    len: usize,
}

// SAFETY: nothing changes the mapping until it is dropped.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps them.
    pub fn of(fd: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        Self::map(fd.as_raw_fd(), len, libc::MAP_PRIVATE)
    }

    /// Memory that is no file's.
    pub fn anonymous(len: usize) -> io::Result<Self> {
        Self::map(-1, len, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
    }

    fn map(fd: i32, len: usize, flags: i32) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches
        // no memory that is in use.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ, flags, fd, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let at = NonNull::new(at).expect("a mapping");
        // INVARIANT: it was just made.
        Ok(Self { at, len })
    }

    /// Where it is.
    pub fn address(&self) -> u64 {
        self.at.as_ptr() as u64
    }

    /// Sends it on a connection.
    pub fn send(&self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        // SAFETY: by the type invariants there are so many bytes, which only the
        // kernel reads; where they do not come it says so.
        let sent = unsafe { libc::send(fd.as_raw_fd(), self.at.as_ptr(), self.len, 0) };
        check(sent as _).map(|n| n as usize)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: by the type invariants this owns the mapping.
        unsafe { libc::munmap(self.at.as_ptr(), self.len) };
    }
}
