// SPDX-License-Identifier: GPL-2.0

//! ioctl on the control device, with arguments good and bad.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Calls an ioctl whose argument is `arg`, which the kernel may write to.
pub fn ioctl_buffer(fd: BorrowedFd<'_>, number: u32, arg: &mut [u8]) -> io::Result<()> {
    // The number says how many bytes the kernel may touch.
    assert!(addrconf_abi::size_of_arg(number) <= arg.len());
    // SAFETY: `arg` is writable memory of at least the size that the number
    // announces, checked above, and lives through the call.
    let ret = unsafe { libc::ioctl(fd.as_raw_fd(), number.into(), arg.as_mut_ptr()) };
    super::check(ret.into()).map(drop)
}

/// Calls an ioctl with an address that belongs to nobody.
///
/// `address` must be an address where no process has memory: 0, or one in the
/// kernel's half.
pub fn ioctl_nowhere(fd: BorrowedFd<'_>, number: u32, address: u64) -> io::Result<()> {
    assert!(address == 0 || address >> 63 == 1);
    // SAFETY: nothing of this process is mapped there, so the kernel finds
    // nothing to write to.
    let ret = unsafe { libc::ioctl(fd.as_raw_fd(), number.into(), address) };
    super::check(ret.into()).map(drop)
}
