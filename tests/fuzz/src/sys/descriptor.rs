// SPDX-License-Identifier: GPL-2.0

//! What can be done with any descriptor, as numbers.

use super::{check, Result};

/// `fcntl()` with a number.
pub fn control(fd: i32, command: i32, value: i32) -> Result<i32> {
    // SAFETY: the callers' commands take numbers, not addresses.
    check(unsafe { libc::fcntl(fd, command, value) }.into()).map(|n| n as i32)
}

/// `ioctl()` on what `word` says, or with it.
pub fn ioctl(fd: i32, number: u64, word: i32) -> Result<()> {
    // Room for whatever structure an unknown one might write.
    let mut room = [0_u8; 4096];
    room[..4].copy_from_slice(&word.to_ne_bytes());
    // SAFETY: `room` is writable, and larger than what a number can announce that
    // the callers use.
    check(unsafe { libc::ioctl(fd, number, room.as_mut_ptr()) }.into()).map(drop)
}

/// Whether there is something to read or accept.
pub fn is_ready(fd: i32) -> bool {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one entry, which is writable.
    unsafe { libc::poll(&mut poll, 1, 0) > 0 }
}

/// Gives a file another number, under which it stays open over `exec`.
pub fn place(fd: i32, number: i32) -> Result<()> {
    // SAFETY: the fuzzer keeps its sockets as numbers; whatever is open at `number`
    // is one of them.
    check(unsafe { libc::dup2(fd, number) }.into()).map(drop)
}

/// Moves up to `len` bytes from a socket to nowhere, or from nowhere to one, by
/// `splice()` and a pipe.
pub fn splice(fd: i32, out: bool, len: usize) -> Result<usize> {
    let mut pipe = [-1; 2];
    // SAFETY: `pipe` is room for two descriptors.
    check(unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) }.into())?;
    if out {
        // SAFETY: three bytes are read.
        let _ = unsafe { libc::write(pipe[1], c"abc".as_ptr().cast(), 3) };
    }
    let (from, to) = if out { (pipe[0], fd) } else { (fd, pipe[1]) };
    let (none, flags) = (std::ptr::null_mut(), libc::SPLICE_F_NONBLOCK);
    // SAFETY: null pointers ask for no offset.
    let moved = check(unsafe { libc::splice(from, none, to, none, len, flags) } as i64);
    super::socket::close(pipe[0]);
    super::socket::close(pipe[1]);
    moved.map(|n| n as usize)
}
