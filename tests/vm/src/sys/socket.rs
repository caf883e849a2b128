// SPDX-License-Identifier: GPL-2.0

//! Socket calls with addresses as bytes, so that any address can be tried.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// Room for any socket address.
pub const ADDR_ROOM: usize = 128;

/// Makes a socket.
pub fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: `socket` has no memory requirements.
    let fd = check(unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) }.into())?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Binds a socket.
pub fn bind(fd: BorrowedFd<'_>, addr: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads `addr.len()` bytes, which `addr` has.
    let ret = unsafe { libc::bind(fd.as_raw_fd(), addr.as_ptr().cast(), addr.len() as u32) };
    check(ret.into()).map(drop)
}

/// Connects a socket.
pub fn connect(fd: BorrowedFd<'_>, addr: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads `addr.len()` bytes, which `addr` has.
    let ret = unsafe { libc::connect(fd.as_raw_fd(), addr.as_ptr().cast(), addr.len() as u32) };
    check(ret.into()).map(drop)
}

/// Makes a socket listen.
pub fn listen(fd: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: `listen` has no memory requirements.
    check(unsafe { libc::listen(fd.as_raw_fd(), backlog) }.into()).map(drop)
}

/// The calls that fill in an address: `accept`, `getsockname`, `getpeername`.
#[derive(Clone, Copy)]
pub enum Naming {
    /// `accept4()`.
    Accept,
    /// `getsockname()`.
    Local,
    /// `getpeername()`.
    Peer,
}

/// Makes such a call; returns what it returned, and the address.
fn naming(fd: BorrowedFd<'_>, call: Naming) -> io::Result<(i32, Vec<u8>)> {
    let mut addr = vec![0; ADDR_ROOM];
    let mut len = ADDR_ROOM as libc::socklen_t;
    let (fd, ptr) = (fd.as_raw_fd(), addr.as_mut_ptr().cast());
    let ret = match call {
        // SAFETY: `ptr` is room for `len` bytes.
        Naming::Accept => unsafe { libc::accept4(fd, ptr, &mut len, libc::SOCK_CLOEXEC) },
        // SAFETY: likewise.
        Naming::Local => unsafe { libc::getsockname(fd, ptr, &mut len) },
        // SAFETY: likewise.
        Naming::Peer => unsafe { libc::getpeername(fd, ptr, &mut len) },
    };
    let ret = check(ret.into())? as i32;
    addr.truncate(len as usize);
    Ok((ret, addr))
}

/// Accepts a connection; returns it and the peer's address.
pub fn accept(fd: BorrowedFd<'_>) -> io::Result<(OwnedFd, Vec<u8>)> {
    let (fd, addr) = naming(fd, Naming::Accept)?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok((unsafe { OwnedFd::from_raw_fd(fd) }, addr))
}

/// The address a socket is bound to.
pub fn local_name(fd: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    Ok(naming(fd, Naming::Local)?.1)
}

/// The address a socket is connected to.
pub fn peer_name(fd: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    Ok(naming(fd, Naming::Peer)?.1)
}

/// Sends to an address; to the connected peer when `addr` is empty.
pub fn sendto(fd: BorrowedFd<'_>, data: &[u8], flags: i32, addr: &[u8]) -> io::Result<usize> {
    let to = if addr.is_empty() {
        std::ptr::null()
    } else {
        addr.as_ptr().cast()
    };
    let (fd, len) = (fd.as_raw_fd(), addr.len() as u32);
    // SAFETY: the kernel reads `data.len()` bytes of `data` and `len` of `to`.
    let ret = unsafe { libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, to, len) };
    check(ret as _).map(|n| n as usize)
}

/// Sends several messages with one `sendmmsg()`; returns how many went out.
/// A single one goes out with `sendmsg()`.
pub fn sendmsgs(fd: BorrowedFd<'_>, data: &[u8], addrs: &[&[u8]]) -> io::Result<usize> {
    let mut part = libc::iovec {
        iov_base: data.as_ptr().cast_mut().cast(),
        iov_len: data.len(),
    };
    let part = std::ptr::addr_of_mut!(part);
    let mut messages: Vec<libc::mmsghdr> = addrs
        .iter()
        .map(|addr| {
            // SAFETY: all fields may be zero: null pointers of length zero.
            let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
            message.msg_hdr.msg_name = addr.as_ptr().cast_mut().cast();
            message.msg_hdr.msg_namelen = addr.len() as u32;
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
            message
        })
        .collect();
    let fd = fd.as_raw_fd();
    if let [one] = &messages[..] {
        // SAFETY: the header names `addr` and `data` with their lengths; the
        // kernel only reads them.
        check(unsafe { libc::sendmsg(fd, &one.msg_hdr, 0) } as _)?;
        return Ok(1);
    }
    let count = messages.len() as u32;
    // SAFETY: as above, for `count` headers.
    let ret = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), count, 0) };
    check(ret.into()).map(|n| n as usize)
}

/// Receives a message; returns it and where it came from.
pub fn recvfrom(fd: BorrowedFd<'_>, room: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut data, mut addr) = (vec![0; room], vec![0; ADDR_ROOM]);
    let mut len = ADDR_ROOM as libc::socklen_t;
    let (fd, ptr, from) = (
        fd.as_raw_fd(),
        data.as_mut_ptr().cast(),
        addr.as_mut_ptr().cast(),
    );
    // SAFETY: `data` is room for `room` bytes and `addr` for `len`.
    let got = check(unsafe { libc::recvfrom(fd, ptr, room, 0, from, &mut len) } as _)?;
    data.truncate(got as usize);
    addr.truncate(len as usize);
    Ok((data, addr))
}

/// Receives a message of up to `room` bytes in a thread of its own, while this
/// one may close the descriptor.
pub fn receive_meanwhile(
    fd: OwnedFd,
    room: usize,
    meanwhile: impl FnOnce(OwnedFd),
) -> io::Result<usize> {
    let number = fd.as_raw_fd();
    let waiting = std::thread::spawn(move || {
        let mut data = vec![0_u8; room];
        // SAFETY: `data` is room for `room` bytes. That the descriptor may be
        // closed by now is what this is about; nobody opens another.
        let got = unsafe { libc::recv(number, data.as_mut_ptr().cast(), room, 0) };
        check(got as _).map(|n| n as usize)
    });
    meanwhile(fd);
    waiting.join().expect("the other thread")
}

/// Sets a socket option that is an integer.
pub fn set_option(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_option_bytes(fd, level, name, &value.to_ne_bytes())
}

/// Sets a socket option.
pub fn set_option_bytes(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let len = value.len() as u32;
    // SAFETY: the kernel reads `len` bytes of `value`.
    let ret = unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), len) };
    check(ret.into()).map(drop)
}

/// Reads a socket option that is an integer.
pub fn option(fd: BorrowedFd<'_>, level: i32, name: i32) -> io::Result<i32> {
    let mut value = 0_i32;
    let mut len = std::mem::size_of_val(&value) as libc::socklen_t;
    let ptr = std::ptr::addr_of_mut!(value).cast();
    // SAFETY: `ptr` is room for `len` bytes.
    let ret = unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, ptr, &mut len) };
    check(ret.into()).map(|_| value)
}

/// A control message: level, kind, content.
pub type Control = (i32, i32, Vec<u8>);

const CONTROL_HEADER: usize = 16;
const CONTROL_ALIGN: usize = 8;

/// Sends a message with a control message to an address.
pub fn sendmsg(fd: BorrowedFd<'_>, data: &[u8], to: &[u8], control: &Control) -> io::Result<usize> {
    let mut bytes = control_bytes(control);
    let mut part = part_of(data);
    let message = header(&mut part, to, &mut bytes);
    // SAFETY: everything `message` names lives through the call.
    check(unsafe { libc::sendmsg(fd.as_raw_fd(), &message, 0) } as _).map(|n| n as usize)
}

/// Sends a message twice to one address with one `sendmmsg()`, the second time
/// with a control message; returns how many went out.
pub fn send_twice(
    fd: BorrowedFd<'_>,
    data: &[u8],
    to: &[u8],
    control: &Control,
) -> io::Result<usize> {
    let mut bytes = control_bytes(control);
    let mut part = part_of(data);
    let mut messages = [&mut [][..], &mut bytes[..]].map(|control| libc::mmsghdr {
        msg_hdr: header(&mut part, to, control),
        msg_len: 0,
    });
    let fd = fd.as_raw_fd();
    // SAFETY: everything the two messages name lives through the call.
    let ret = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 2, 0) };
    check(ret.into()).map(|n| n as usize)
}

/// Data as the calls take it.
pub fn part_of(data: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: data.as_ptr().cast_mut().cast(),
        iov_len: data.len(),
    }
}

/// A message as the calls take it. It points to all that it is made of.
pub fn header(part: &mut libc::iovec, to: &[u8], control: &mut [u8]) -> libc::msghdr {
    // SAFETY: all fields may be zero: null pointers of length zero.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = to.as_ptr().cast_mut().cast();
    message.msg_namelen = to.len() as u32;
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = control.len() as _;
    message
}

/// A control message as bytes: struct cmsghdr (length, level, type), then the
/// content, padded.
pub fn control_bytes((level, kind, content): &Control) -> Vec<u8> {
    let mut bytes = (CONTROL_HEADER + content.len()).to_ne_bytes().to_vec();
    bytes.extend(level.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(CONTROL_ALIGN), 0);
    bytes
}

/// A message, where it came from, and the control messages that came with it.
pub type Received = (Vec<u8>, Vec<u8>, Vec<Control>);

/// Receives a message.
pub fn recvmsg(fd: BorrowedFd<'_>, room: usize) -> io::Result<Received> {
    let (mut data, mut from, mut bytes) = (vec![0; room], vec![0; ADDR_ROOM], vec![0_u8; 256]);
    let mut part = libc::iovec {
        iov_base: data.as_mut_ptr().cast(),
        iov_len: data.len(),
    };
    // SAFETY: all fields may be zero: null pointers of length zero.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = from.as_mut_ptr().cast();
    message.msg_namelen = from.len() as u32;
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    message.msg_control = bytes.as_mut_ptr().cast();
    message.msg_controllen = bytes.len() as _;
    // SAFETY: everything `message` names is writable and lives through the call.
    let got = check(unsafe { libc::recvmsg(fd.as_raw_fd(), &mut message, 0) } as _)?;
    data.truncate(got as usize);
    from.truncate(message.msg_namelen as usize);
    bytes.truncate(message.msg_controllen as _);
    Ok((data, from, controls(&bytes)))
}

fn controls(mut bytes: &[u8]) -> Vec<Control> {
    let mut controls = Vec::new();
    while let Some((header, _)) = bytes.split_at_checked(CONTROL_HEADER) {
        let word = |at: usize| i32::from_ne_bytes(header[at..at + 4].try_into().expect("4 bytes"));
        let len = usize::from_ne_bytes(header[..8].try_into().expect("8 bytes"));
        let content = bytes.get(CONTROL_HEADER..len).unwrap_or(&[]);
        controls.push((word(8), word(12), content.to_vec()));
        let next = len.max(CONTROL_HEADER).next_multiple_of(CONTROL_ALIGN);
        bytes = bytes.get(next..).unwrap_or(&[]);
    }
    controls
}

/// An `epoll` instance that watches one descriptor for input.
pub fn epoll(watched: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: `epoll_create1` has no memory requirements.
    let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }.into())?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    let epoll = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let mut event = libc::epoll_event {
        events: libc::EPOLLIN as u32,
        u64: 0,
    };
    let (fd, watched) = (epoll.as_raw_fd(), watched.as_raw_fd());
    // SAFETY: `event` lives through the call.
    check(unsafe { libc::epoll_ctl(fd, libc::EPOLL_CTL_ADD, watched, &mut event) }.into())?;
    Ok(epoll)
}

/// Waits for input on what an `epoll` instance watches.
pub fn epoll_wait(epoll: BorrowedFd<'_>, milliseconds: i32) -> io::Result<bool> {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    let fd = epoll.as_raw_fd();
    // SAFETY: `event` is room for one event.
    let got = check(unsafe { libc::epoll_wait(fd, &mut event, 1, milliseconds) }.into())?;
    Ok(got == 1)
}

/// Waits for input with `select()`.
pub fn select(fd: BorrowedFd<'_>, seconds: i64) -> io::Result<bool> {
    let fd = fd.as_raw_fd();
    // SAFETY: all bits of a descriptor set may be zero.
    let mut set: libc::fd_set = unsafe { std::mem::zeroed() };
    assert!((fd as usize) < libc::FD_SETSIZE);
    // SAFETY: `fd` is within the set, as checked above.
    unsafe { libc::FD_SET(fd, &mut set) };
    let mut limit = libc::timeval {
        tv_sec: seconds,
        tv_usec: 0,
    };
    let none = std::ptr::null_mut();
    // SAFETY: `set` and `limit` are writable, and there are no other sets.
    let got = check(unsafe { libc::select(fd + 1, &mut set, none, none, &mut limit) }.into())?;
    Ok(got == 1)
}
