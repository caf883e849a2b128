// SPDX-License-Identifier: GPL-2.0

//! What can be done with any descriptor: `close()`, `dup()`, `fcntl()`, `ioctl()`,
//! `fstat()`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// struct f_owner_ex: kind (`F_OWNER_PID` is 1), then the id.
type Owner = [i32; 2];

/// The values of `F_SETOWN_EX` and `F_SETSIG` that libc does not have
/// everywhere (`include/uapi/asm-generic/fcntl.h`).
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;

/// Takes ownership of a descriptor that another process opened in a table that both
/// share. That process must no longer use the descriptor.
pub fn opened_by_another(number: i32) -> OwnedFd {
    // SAFETY: the caller guarantees that the other process no longer uses the number.
    // Nothing in this process owns it, since this process did not open it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Closes a descriptor that nothing in this process owns. Either the caller keeps it as a
/// number, or the process calls `_exit` before the owner is dropped.
pub fn close(number: i32) {
    // SAFETY: the caller guarantees that nothing owns the number or will close it.
    unsafe { libc::close(number) };
}

/// Duplicates a descriptor. The new one stays open across `exec`.
pub fn dup(fd: impl AsRawFd) -> io::Result<OwnedFd> {
    // SAFETY: `dup` takes a number only.
    let new = check(unsafe { libc::dup(fd.as_raw_fd()) }.into())?;
    // SAFETY: the kernel made this descriptor for the call above, so nothing owns it yet.
    Ok(unsafe { OwnedFd::from_raw_fd(new as i32) })
}

/// Duplicates a descriptor to this number, where it stays open across `exec`. Closes the
/// descriptor that has the number, which nothing may own.
pub fn place(fd: impl AsRawFd, number: i32) -> io::Result<()> {
    // SAFETY: the caller guarantees that nothing owns `number`.
    check(unsafe { libc::dup2(fd.as_raw_fd(), number) }.into()).map(drop)
}

/// Redirects standard output and standard error of this process to `fd`.
pub fn redirect_output(fd: BorrowedFd<'_>) -> io::Result<()> {
    rustix::stdio::dup2_stdout(fd)?;
    Ok(rustix::stdio::dup2_stderr(fd)?)
}

/// Calls `fcntl()` with a command that takes a number, not a pointer.
pub fn fcntl(fd: impl AsRawFd, command: i32, value: i32) -> io::Result<i32> {
    assert_ne!(command, F_SETOWN_EX);
    // SAFETY: the caller passes a command that takes a number. The check above rules out
    // `F_SETOWN_EX`, the only command of the tests that takes a pointer.
    let ret = unsafe { libc::fcntl(fd.as_raw_fd(), command, value) };
    check(ret.into()).map(|value| value as i32)
}

/// Makes this process the owner of the signals of a descriptor.
pub fn own_signals(fd: impl AsRawFd) -> io::Result<()> {
    let owner: Owner = [1, std::process::id() as i32];
    // SAFETY: `owner` is a struct f_owner_ex, which the kernel reads.
    let ret = unsafe { libc::fcntl(fd.as_raw_fd(), F_SETOWN_EX, owner.as_ptr()) };
    check(ret.into()).map(drop)
}

/// Sets the signal that a descriptor sends.
pub fn choose_signal(fd: impl AsRawFd, signal: i32) -> io::Result<()> {
    fcntl(fd, F_SETSIG, signal).map(drop)
}

/// The ioctls that read or write one `int`, or that do nothing if it is zero.
pub mod number {
    /// Sets whether calls on a descriptor block.
    pub const FIONBIO: u64 = 0x5421;
    /// Sets whether a descriptor sends signals.
    pub const FIOASYNC: u64 = 0x5452;
    /// Sets the process that gets the signals.
    pub const FIOSETOWN: u64 = 0x8901;
    /// The same.
    pub const SIOCSPGRP: u64 = 0x8902;
    /// Returns how many bytes can be read.
    pub const FIONREAD: u64 = 0x541b;
    /// Lists the interfaces: `struct ifconf`, whose length is 0 here.
    pub const SIOCGIFCONF: u64 = 0x8912;
}

/// Calls an ioctl with an argument that holds a number, and zeros after it. It must be one
/// of [`number`], or another that accesses no memory but its argument.
pub fn ioctl(fd: impl AsRawFd, command: u64, value: i32) -> io::Result<()> {
    // Room for any structure that an ioctl might write.
    let mut memory = [0_u8; 4096];
    memory[..4].copy_from_slice(&value.to_ne_bytes());
    // SAFETY: the caller guarantees that the kernel accesses the argument only. `memory`
    // is larger than the argument of any such ioctl.
    let ret = unsafe { libc::ioctl(fd.as_raw_fd(), command, memory.as_mut_ptr()) };
    check(ret.into()).map(drop)
}

/// The network namespace of a socket (`SIOCGSKNS`).
pub fn network_of(fd: impl AsRawFd) -> io::Result<OwnedFd> {
    const SIOCGSKNS: u64 = 0x894c;
    // SAFETY: this ioctl takes no argument.
    let fd = check(unsafe { libc::ioctl(fd.as_raw_fd(), SIOCGSKNS) }.into())?;
    // SAFETY: the kernel made this descriptor for the call above, so nothing owns it yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Calls `fstat()`.
pub fn stat(fd: impl AsFd) -> io::Result<()> {
    rustix::fs::fstat(fd)?;
    Ok(())
}
