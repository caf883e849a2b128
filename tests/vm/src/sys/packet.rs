// SPDX-License-Identifier: GPL-2.0

//! Ways to send that the catalogue of attacks needs: batches with control
//! messages of any bytes, and data that comes from files and pipes.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::AtomicU32;

use super::check;
use super::socket::{header, part_of};

/// A message of a batch: where to (empty for the connected peer), and control
/// messages, well-formed or not.
pub type Message<'a> = (&'a [u8], Vec<u8>);

/// Sends several messages with one `sendmmsg()`; returns how many went out.
pub fn send_batch(
    fd: BorrowedFd<'_>,
    data: &[u8],
    messages: &mut [Message<'_>],
    flags: i32,
) -> io::Result<usize> {
    let mut part = part_of(data);
    let mut headers: Vec<libc::mmsghdr> = messages
        .iter_mut()
        .map(|(to, control)| libc::mmsghdr {
            msg_hdr: header(&mut part, to, control),
            msg_len: 0,
        })
        .collect();
    let count = headers.len() as u32;
    // SAFETY: everything the `count` headers name lives through the call.
    let ret = unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count, flags as _) };
    check(ret.into()).map(|n| n as usize)
}

/// Sends a file through a socket, without copying it.
pub fn send_file(fd: BorrowedFd<'_>, file: BorrowedFd<'_>, count: usize) -> io::Result<usize> {
    let mut offset = 0;
    // SAFETY: `offset` lives through the call.
    let sent = unsafe { libc::sendfile(fd.as_raw_fd(), file.as_raw_fd(), &mut offset, count) };
    check(sent as _).map(|n| n as usize)
}

/// Moves what is in a pipe to a socket, or what comes in at one to a pipe.
pub fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, count: usize) -> io::Result<usize> {
    let (from, to) = (from.as_raw_fd(), to.as_raw_fd());
    let none = std::ptr::null_mut();
    // SAFETY: no offsets are given.
    let moved = unsafe { libc::splice(from, none, to, none, count, 0) };
    check(moved as _).map(|n| n as usize)
}

/// Receives, and waits until `count` bytes have come.
pub fn receive_all(fd: BorrowedFd<'_>, count: usize) -> io::Result<usize> {
    let mut room = vec![0_u8; count];
    let flags = libc::MSG_WAITALL;
    // SAFETY: `room` is room for `count` bytes.
    let got = unsafe { libc::recv(fd.as_raw_fd(), room.as_mut_ptr().cast(), count, flags) };
    check(got as _).map(|n| n as usize)
}

/// Writes to a descriptor.
pub fn write(fd: BorrowedFd<'_>, data: &[u8]) -> io::Result<usize> {
    // SAFETY: the kernel reads `data.len()` bytes of `data`.
    let written = unsafe { libc::write(fd.as_raw_fd(), data.as_ptr().cast(), data.len()) };
    check(written as _).map(|n| n as usize)
}

/// A socket address that other threads change while the kernel reads it.
pub type ChangingAddr = [AtomicU32; 4];

/// Binds a socket to an address that changes meanwhile.
pub fn bind_to_changing(fd: BorrowedFd<'_>, addr: &ChangingAddr) -> io::Result<()> {
    let len = std::mem::size_of_val(addr) as libc::socklen_t;
    // SAFETY: the kernel reads `len` bytes; that they are atomic makes changes
    // by other threads allowed.
    let ret = unsafe { libc::bind(fd.as_raw_fd(), addr.as_ptr().cast(), len) };
    check(ret.into()).map(drop)
}

/// Sends to an address that changes meanwhile.
pub fn send_to_changing(fd: BorrowedFd<'_>, data: &[u8], addr: &ChangingAddr) -> io::Result<usize> {
    let (to, len) = (addr.as_ptr().cast(), std::mem::size_of_val(addr) as u32);
    // SAFETY: the kernel reads `data.len()` bytes of `data`, and `len` of `to`,
    // as above.
    let ret = unsafe { libc::sendto(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), 0, to, len) };
    check(ret as _).map(|n| n as usize)
}

/// The index of an interface.
pub fn interface_index(name: &str) -> io::Result<u32> {
    let name = CString::new(name)?;
    // SAFETY: `name` ends in NUL and lives through the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}
