// SPDX-License-Identifier: GPL-2.0

//! What changes or reads a descriptor besides sending and receiving:
//! `shutdown()`, `fcntl()`, `ioctl()`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// struct f_owner_ex: kind (`F_OWNER_PID` is 1), then the id.
type Owner = [i32; 2];

/// The values of `F_SETOWN_EX` and `F_SETSIG` that libc does not have
/// everywhere (`include/uapi/asm-generic/fcntl.h`).
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;

/// Ends one or both directions of a socket.
pub fn shutdown(fd: BorrowedFd<'_>, how: i32) -> io::Result<()> {
    // SAFETY: `shutdown` has no memory requirements.
    check(unsafe { libc::shutdown(fd.as_raw_fd(), how) }.into()).map(drop)
}

/// Calls an `fcntl()` that takes a number and no pointer.
pub fn fcntl(fd: BorrowedFd<'_>, command: i32, value: i32) -> io::Result<i32> {
    assert_ne!(command, F_SETOWN_EX);
    // SAFETY: only `F_SETOWN_EX`, of those that tests call, takes a pointer.
    let ret = unsafe { libc::fcntl(fd.as_raw_fd(), command, value) };
    check(ret.into()).map(|value| value as i32)
}

/// Has this process get the signals of a descriptor.
pub fn own_signals(fd: BorrowedFd<'_>) -> io::Result<()> {
    let owner: Owner = [1, std::process::id() as i32];
    // SAFETY: `owner` is a struct f_owner_ex, which the kernel reads.
    let ret = unsafe { libc::fcntl(fd.as_raw_fd(), F_SETOWN_EX, owner.as_ptr()) };
    check(ret.into()).map(drop)
}

/// Chooses the signal that a descriptor sends.
pub fn choose_signal(fd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    fcntl(fd, F_SETSIG, signal).map(drop)
}

/// The ioctls that read or write one `int`, or nothing behind a zero.
pub mod number {
    /// Sets whether calls on a descriptor wait.
    pub const FIONBIO: u64 = 0x5421;
    /// Sets whether a descriptor sends signals.
    pub const FIOASYNC: u64 = 0x5452;
    /// Says who gets the signals.
    pub const FIOSETOWN: u64 = 0x8901;
    /// The same.
    pub const SIOCSPGRP: u64 = 0x8902;
    /// Asks how much can be read.
    pub const FIONREAD: u64 = 0x541b;
    /// Lists the interfaces: `struct ifconf`, whose length is 0 here.
    pub const SIOCGIFCONF: u64 = 0x8912;
}

/// Calls an ioctl of [`number`] with a number, and zeroes behind it.
pub fn ioctl(fd: BorrowedFd<'_>, command: u64, value: i32) -> io::Result<()> {
    let mut memory = [0_i32; 16];
    memory[0] = value;
    // SAFETY: the ioctls of `number` read and write an `int`, or a struct ifconf
    // without a buffer, for each of which `memory` is room enough.
    let ret = unsafe { libc::ioctl(fd.as_raw_fd(), command, memory.as_mut_ptr()) };
    check(ret.into()).map(drop)
}

/// The network namespace of a socket (`SIOCGSKNS`).
pub fn network_of(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    const SIOCGSKNS: u64 = 0x894c;
    // SAFETY: this ioctl takes no argument.
    let fd = check(unsafe { libc::ioctl(fd.as_raw_fd(), SIOCGSKNS) }.into())?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Calls `fstat()`.
pub fn stat(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all fields may be zero.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` is writable for the call.
    check(unsafe { libc::fstat(fd.as_raw_fd(), &mut stat) }.into()).map(drop)
}
