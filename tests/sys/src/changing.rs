// SPDX-License-Identifier: GPL-2.0

//! Calls with a socket address that other threads change while the kernel reads it.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::AtomicU32;

use super::check;

/// Such an address.
pub type ChangingAddr = [AtomicU32; 4];

/// Binds a socket to an address that changes during the call.
pub fn bind_to_changing(fd: impl AsRawFd, addr: &ChangingAddr) -> io::Result<()> {
    let (ptr, len) = (addr.as_ptr().cast(), std::mem::size_of_val(addr) as u32);
    // SAFETY: the reference guarantees `len` bytes at `ptr`, which the kernel reads.
    // The type is atomic, so other threads may write while the kernel reads.
    check(unsafe { libc::bind(fd.as_raw_fd(), ptr, len) }.into()).map(drop)
}

/// Sends to an address that changes during the call.
pub fn send_to_changing(fd: impl AsRawFd, data: &[u8], addr: &ChangingAddr) -> io::Result<usize> {
    let (to, len) = (addr.as_ptr().cast(), std::mem::size_of_val(addr) as u32);
    let (fd, data, count) = (fd.as_raw_fd(), data.as_ptr().cast(), data.len());
    // SAFETY: the slice guarantees `count` bytes of `data` and the reference `len` of
    // `to`, which the kernel reads. The type of `to` is atomic, so other threads may
    // write meanwhile.
    check(unsafe { libc::sendto(fd, data, count, 0, to, len) } as _).map(|n| n as usize)
}
