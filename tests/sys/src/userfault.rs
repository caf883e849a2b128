// SPDX-License-Identifier: GPL-2.0

//! Pages that are filled through a descriptor: `userfaultfd(2)`
//! (`include/uapi/linux/userfaultfd.h`).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;
use super::memory::Mapped;

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// The version of the interface, `UFFD_API`.
const VERSION: u64 = 0xaa;
/// `UFFDIO_API`, of { version, features, ioctls }.
const AGREE: libc::c_ulong = 0xc018_aa3f;
/// `UFFDIO_REGISTER`, of { start, len, mode, ioctls }.
const REGISTER: libc::c_ulong = 0xc020_aa00;
/// `UFFDIO_REGISTER_MODE_MISSING`
const MISSING: u64 = 1;
/// `UFFDIO_COPY`, of { to, from, len, mode, copied }.
const COPY: libc::c_ulong = 0xc028_aa03;

fn ioctl<const N: usize>(
    fd: BorrowedFd<'_>,
    number: libc::c_ulong,
    mut words: [u64; N],
) -> io::Result<()> {
    assert_eq!((number >> 16 & 0x3fff) as usize, N * 8, "its size");
    // SAFETY: the check above guarantees that `words` has the size that the call accesses.
    // Elsewhere the call writes only pages of a `Mapped`, which only the kernel reads, and
    // reads only the page that `fill` borrows.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), number, words.as_mut_ptr()) }.into()).map(drop)
}

/// A descriptor that fills this memory, of which no page is present. An access to a page
/// blocks until the page is filled.
pub fn filler(memory: &Mapped) -> io::Result<OwnedFd> {
    // SAFETY: the call takes flags only.
    let fd = check(unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) })?;
    // SAFETY: the kernel made this descriptor for the call above, so nothing owns it yet.
    let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let borrowed = fd.as_fd();
    ioctl(borrowed, AGREE, [VERSION, 0, 0])?;
    ioctl(
        borrowed,
        REGISTER,
        [memory.address(), PAGE as u64, MISSING, 0],
    )?;
    Ok(fd)
}

/// Fills the page at this address, in the memory that the descriptor was made for.
pub fn fill(fd: BorrowedFd<'_>, address: u64, page: &[u8; PAGE]) -> io::Result<()> {
    let from = page.as_ptr() as u64;
    ioctl(fd, COPY, [address, from, PAGE as u64, 0, 0])
}
