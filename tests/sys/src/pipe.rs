// SPDX-License-Identifier: GPL-2.0

//! Pipes, and calls that move data without a copy.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::pipe::PipeFlags;

use super::check;

/// Makes a pipe: its reading end and its writing end.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?)
}

/// Writes to a descriptor.
pub fn write(fd: BorrowedFd<'_>, data: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::write(fd, data)?)
}

/// Sends a file through a socket, without copying it.
pub fn send_file(fd: BorrowedFd<'_>, file: BorrowedFd<'_>, count: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(fd, file, Some(&mut 0), count)?)
}

/// Moves data from a pipe to a socket, or from a socket to a pipe.
pub fn splice(from: impl AsRawFd, to: impl AsRawFd, count: usize) -> io::Result<usize> {
    splice_with(from, to, count, 0)
}

fn splice_with(
    from: impl AsRawFd,
    to: impl AsRawFd,
    count: usize,
    flags: u32,
) -> io::Result<usize> {
    let (from, to, none) = (from.as_raw_fd(), to.as_raw_fd(), std::ptr::null_mut());
    // SAFETY: the offsets are null, so the kernel accesses no memory of this process.
    let moved = unsafe { libc::splice(from, none, to, none, count, flags) };
    check(moved as _).map(|n| n as usize)
}

/// Moves up to `count` bytes from a socket into a pipe, or to a socket from a pipe if `out`,
/// without blocking. The pipe is closed afterwards.
pub fn splice_nowhere(fd: impl AsRawFd, out: bool, count: usize) -> io::Result<usize> {
    let (read, written) = pipe()?;
    if out {
        let _ = write(written.as_fd(), b"abc");
        splice_with(read, fd, count, libc::SPLICE_F_NONBLOCK)
    } else {
        splice_with(fd, written, count, libc::SPLICE_F_NONBLOCK)
    }
}
