// SPDX-License-Identifier: GPL-2.0

//! Socket calls with addresses as bytes, so that tests can pass any address.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::check;

/// Room for any socket address.
pub const ADDR_ROOM: usize = 128;

/// Makes a socket. `kind` may contain flags.
pub fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: `socket` takes numbers only.
    let fd = check(unsafe { libc::socket(domain, kind, protocol) }.into())?;
    // SAFETY: the kernel made this descriptor for the call above, so nothing owns it yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Makes a pair of connected sockets. `kind` may contain flags.
pub fn socket_pair(domain: i32, kind: i32, protocol: i32) -> io::Result<[OwnedFd; 2]> {
    let mut fds = [0; 2];
    // SAFETY: this function owns `fds`, which has room for the two numbers that the kernel
    // writes.
    check(unsafe { libc::socketpair(domain, kind, protocol, fds.as_mut_ptr()) }.into())?;
    // SAFETY: the kernel made both for the call above, so nothing owns them yet.
    Ok(fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Binds a socket.
pub fn bind(fd: impl AsRawFd, addr: &[u8]) -> io::Result<()> {
    let (ptr, len) = (addr.as_ptr().cast(), addr.len() as u32);
    // SAFETY: the slice guarantees `len` bytes at `ptr`, which the kernel reads.
    check(unsafe { libc::bind(fd.as_raw_fd(), ptr, len) }.into()).map(drop)
}

/// Connects a socket.
pub fn connect(fd: impl AsRawFd, addr: &[u8]) -> io::Result<()> {
    let (ptr, len) = (addr.as_ptr().cast(), addr.len() as u32);
    // SAFETY: the slice guarantees `len` bytes at `ptr`, which the kernel reads.
    check(unsafe { libc::connect(fd.as_raw_fd(), ptr, len) }.into()).map(drop)
}

/// Makes a socket listen.
pub fn listen(fd: impl AsRawFd, backlog: i32) -> io::Result<()> {
    // SAFETY: `listen` takes numbers only.
    check(unsafe { libc::listen(fd.as_raw_fd(), backlog) }.into()).map(drop)
}

/// Ends one or both directions of a socket.
pub fn shutdown(fd: impl AsRawFd, how: i32) -> io::Result<()> {
    // SAFETY: `shutdown` takes numbers only.
    check(unsafe { libc::shutdown(fd.as_raw_fd(), how) }.into()).map(drop)
}

/// Room for an address that the kernel writes.
pub(crate) struct Name {
    bytes: [u8; ADDR_ROOM],
    len: libc::socklen_t,
}

impl Name {
    /// Empty room.
    pub(crate) fn new() -> Self {
        Self {
            bytes: [0; ADDR_ROOM],
            len: ADDR_ROOM as libc::socklen_t,
        }
    }

    /// Pointers to the room and to its length, in which the kernel stores the length of
    /// the address. Valid while `self` is borrowed.
    pub(crate) fn place(&mut self) -> (*mut libc::sockaddr, *mut libc::socklen_t) {
        (self.bytes.as_mut_ptr().cast(), &mut self.len)
    }

    /// The address that the kernel wrote.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.bytes[..(self.len as usize).min(ADDR_ROOM)].to_vec()
    }
}

/// Accepts a connection. If there is a `name`, the kernel also reads the peer's address,
/// and fails if the connection has lost it.
fn accept4(fd: impl AsRawFd, name: Option<&mut Name>, flags: i32) -> io::Result<OwnedFd> {
    let none = (std::ptr::null_mut(), std::ptr::null_mut());
    let (ptr, len) = name.map_or(none, Name::place);
    // SAFETY: `Name::place` guarantees room for `len` bytes at `ptr` while `name` is
    // borrowed; null pointers ask for no address.
    let fd = check(unsafe { libc::accept4(fd.as_raw_fd(), ptr, len, flags) }.into())?;
    // SAFETY: the kernel made this descriptor for the call above, so nothing owns it yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Accepts a connection. Returns it and the peer's address.
pub fn accept(fd: impl AsRawFd) -> io::Result<(OwnedFd, Vec<u8>)> {
    let mut name = Name::new();
    let new = accept4(fd, Some(&mut name), libc::SOCK_CLOEXEC)?;
    Ok((new, name.written()))
}

/// Accepts a connection without asking for the peer's address.
pub fn accept_nameless(fd: impl AsRawFd, flags: i32) -> io::Result<OwnedFd> {
    accept4(fd, None, flags)
}

/// The address a socket is bound to.
pub fn local_name(fd: impl AsRawFd) -> io::Result<Vec<u8>> {
    let mut name = Name::new();
    let (ptr, len) = name.place();
    // SAFETY: `Name::place` guarantees room for `len` bytes at `ptr`.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), ptr, len) }.into())?;
    Ok(name.written())
}

/// The address a socket is connected to.
pub fn peer_name(fd: impl AsRawFd) -> io::Result<Vec<u8>> {
    let mut name = Name::new();
    let (ptr, len) = name.place();
    // SAFETY: `Name::place` guarantees room for `len` bytes at `ptr`.
    check(unsafe { libc::getpeername(fd.as_raw_fd(), ptr, len) }.into())?;
    Ok(name.written())
}
