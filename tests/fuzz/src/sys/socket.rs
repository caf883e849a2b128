// SPDX-License-Identifier: GPL-2.0

//! Socket calls with addresses, control messages and options as bytes.

use super::{check, Result};
use crate::addr;

/// One message to send.
pub struct Outgoing<'a> {
    /// Address; empty for none.
    pub name: &'a [u8],
    /// Payload.
    pub data: &'a [u8],
    /// Control messages.
    pub control: &'a [u8],
}

/// How much of each buffer a received message filled.
pub struct Incoming {
    /// Bytes of payload.
    pub data: usize,
    /// Bytes of control messages.
    pub control: usize,
}

/// `socket()`.
pub fn socket(family: i32, kind: i32, protocol: i32) -> Result<i32> {
    // SAFETY: `socket` has no memory requirements.
    check(unsafe { libc::socket(family, kind, protocol) }.into()).map(|fd| fd as i32)
}

/// `socketpair()`.
pub fn pair(family: i32, kind: i32) -> Result<[i32; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: `fds` is room for two descriptors.
    check(unsafe { libc::socketpair(family, kind, 0, fds.as_mut_ptr()) }.into())?;
    Ok(fds)
}

/// `bind()`.
pub fn bind(fd: i32, name: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads `name.len()` bytes, which `name` has.
    let ret = unsafe { libc::bind(fd, name.as_ptr().cast(), name.len() as u32) };
    check(ret.into()).map(drop)
}

/// `connect()`.
pub fn connect(fd: i32, name: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads `name.len()` bytes, which `name` has.
    let ret = unsafe { libc::connect(fd, name.as_ptr().cast(), name.len() as u32) };
    check(ret.into()).map(drop)
}

/// `listen()`.
pub fn listen(fd: i32, backlog: i32) -> Result<()> {
    // SAFETY: `listen` has no memory requirements.
    check(unsafe { libc::listen(fd, backlog) }.into()).map(drop)
}

/// `accept4()`.
pub fn accept(fd: i32, flags: i32) -> Result<i32> {
    let none = std::ptr::null_mut();
    // SAFETY: null pointers ask for no address.
    check(unsafe { libc::accept4(fd, none, none.cast(), flags) }.into()).map(|fd| fd as i32)
}

/// `shutdown()`.
pub fn shutdown(fd: i32, how: i32) -> Result<()> {
    // SAFETY: `shutdown` has no memory requirements.
    check(unsafe { libc::shutdown(fd, how) }.into()).map(drop)
}

/// `getsockname()`; `getpeername()` if `peer`.
pub fn name_of(fd: i32, peer: bool) -> Result<Vec<u8>> {
    let mut name = vec![0; 128];
    let mut len = name.len() as u32;
    let ptr = name.as_mut_ptr().cast();
    let ret = if peer {
        // SAFETY: `ptr` is room for `len` bytes.
        unsafe { libc::getpeername(fd, ptr, &mut len) }
    } else {
        // SAFETY: likewise.
        unsafe { libc::getsockname(fd, ptr, &mut len) }
    };
    check(ret.into())?;
    name.truncate(len as usize);
    Ok(name)
}

/// `setsockopt()`.
pub fn set_option(fd: i32, level: i32, name: i32, value: &[u8]) -> Result<()> {
    let (ptr, len) = (value.as_ptr().cast(), value.len() as u32);
    // SAFETY: the kernel reads `len` bytes; options that name further memory
    // name what `value` was filled with, which nobody points into our own.
    check(unsafe { libc::setsockopt(fd, level, name, ptr, len) }.into()).map(drop)
}

/// `setsockopt()` of an option that takes a classic program, with one that returns
/// `result`: as a filter, how much it takes, and in a group, which member is chosen.
pub fn attach_filter(fd: i32, name: i32, result: u32) -> Result<()> {
    let mut code = libc::sock_filter {
        code: 6, // BPF_RET | BPF_K
        jt: 0,
        jf: 0,
        k: result,
    };
    let program = libc::sock_fprog {
        len: 1,
        filter: &mut code,
    };
    let size = std::mem::size_of_val(&program) as u32;
    let ptr = std::ptr::addr_of!(program).cast();
    // SAFETY: `ptr` is a program of one instruction, alive for the call.
    let ret = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, name, ptr, size) };
    check(ret.into()).map(drop)
}

/// `getsockopt()` with this much room.
pub fn get_option(fd: i32, level: i32, name: i32, room: usize) -> Result<Vec<u8>> {
    let mut value = vec![0_u8; room];
    let mut len = room as u32;
    let ptr = value.as_mut_ptr().cast();
    // SAFETY: `ptr` is room for `len` bytes, zeroes, so that options that take
    // pointers in it (TCP_ZEROCOPY_RECEIVE) find none.
    check(unsafe { libc::getsockopt(fd, level, name, ptr, &mut len) }.into())?;
    Ok(value)
}

/// `sendto()`.
pub fn send_to(fd: i32, data: &[u8], flags: i32, name: &[u8]) -> Result<usize> {
    let to = if name.is_empty() {
        std::ptr::null()
    } else {
        name.as_ptr().cast()
    };
    let flags = flags | libc::MSG_NOSIGNAL;
    // SAFETY: the kernel reads `data.len()` bytes of `data`, `name.len()` of `to`.
    let ret = unsafe {
        libc::sendto(
            fd,
            data.as_ptr().cast(),
            data.len(),
            flags,
            to,
            name.len() as u32,
        )
    };
    check(ret as i64).map(|n| n as usize)
}

/// The structure the kernel takes for a message, and its only part.
fn header(out: &Outgoing<'_>, part: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: all fields may be zero: null pointers of length zero.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    part.iov_base = out.data.as_ptr().cast_mut().cast();
    part.iov_len = out.data.len();
    header.msg_iov = part;
    header.msg_iovlen = 1;
    if !out.name.is_empty() {
        header.msg_name = out.name.as_ptr().cast_mut().cast();
        header.msg_namelen = out.name.len() as u32;
    }
    if !out.control.is_empty() {
        header.msg_control = out.control.as_ptr().cast_mut().cast();
        header.msg_controllen = out.control.len();
    }
    header
}

fn empty_part() -> libc::iovec {
    libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }
}

/// `sendmsg()`.
pub fn send_message(fd: i32, out: &Outgoing<'_>, flags: i32) -> Result<usize> {
    let mut part = empty_part();
    let header = header(out, &mut part);
    // SAFETY: `header` points to memory of the lengths it names, which the
    // kernel only reads.
    let ret = unsafe { libc::sendmsg(fd, &header, flags | libc::MSG_NOSIGNAL) };
    check(ret as i64).map(|n| n as usize)
}

/// `sendmmsg()`.
pub fn send_messages(fd: i32, out: &[Outgoing<'_>], flags: i32) -> Result<usize> {
    let mut parts: Vec<libc::iovec> = out.iter().map(|_| empty_part()).collect();
    let mut headers: Vec<libc::mmsghdr> = out
        .iter()
        .zip(&mut parts)
        .map(|(one, part)| libc::mmsghdr {
            msg_hdr: header(one, part),
            msg_len: 0,
        })
        .collect();
    let (ptr, count) = (headers.as_mut_ptr(), headers.len() as u32);
    // SAFETY: `headers` and what they point to live through the call.
    let ret = unsafe { libc::sendmmsg(fd, ptr, count, (flags | libc::MSG_NOSIGNAL) as _) };
    check(ret.into()).map(|n| n as usize)
}

/// `recvmsg()`.
pub fn receive(fd: i32, data: &mut [u8], control: &mut [u8], flags: i32) -> Result<Incoming> {
    let mut part = libc::iovec {
        iov_base: data.as_mut_ptr().cast(),
        iov_len: data.len(),
    };
    // SAFETY: all fields may be zero: null pointers of length zero.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = control.len();
    // SAFETY: `header` points to writable memory of the lengths it names.
    let got = check(unsafe { libc::recvmsg(fd, &mut header, flags) } as i64)?;
    Ok(Incoming {
        data: (got as usize).min(data.len()),
        control: header.msg_controllen,
    })
}

/// `recvfrom()` of one packet on a packet socket: its length, and its address.
pub fn receive_packet(fd: i32, data: &mut [u8], name: &mut [u8; 20]) -> Result<usize> {
    let mut len = name.len() as u32;
    let (ptr, room) = (data.as_mut_ptr().cast(), data.len());
    // SAFETY: both buffers are writable and as long as said.
    let ret = unsafe { libc::recvfrom(fd, ptr, room, 0, name.as_mut_ptr().cast(), &mut len) };
    check(ret as i64).map(|n| n as usize)
}

/// `recvfrom()` of one datagram: its length, and its address.
pub fn receive_from(fd: i32, data: &mut [u8], flags: i32) -> Result<(usize, Vec<u8>)> {
    let mut name = vec![0; 28];
    let mut len = name.len() as u32;
    let (ptr, room) = (data.as_mut_ptr().cast(), data.len());
    // SAFETY: both buffers are writable and as long as said.
    let ret = unsafe { libc::recvfrom(fd, ptr, room, flags, name.as_mut_ptr().cast(), &mut len) };
    let got = check(ret as i64)?;
    name.truncate(len as usize);
    Ok((got as usize, name))
}

/// What a socket says of itself, by an option of `SOL_SOCKET` that is a number.
pub fn number_of(fd: i32, name: i32) -> Option<i32> {
    let value = get_option(fd, libc::SOL_SOCKET, name, 4).ok()?;
    Some(i32::from_ne_bytes(value.try_into().ok()?))
}

/// What can be told of a socket, for a report: number, family, type, protocol,
/// its name and its peer's, and whether this process may have a packet socket,
/// which no associated process may.
pub fn describe(fd: i32) -> String {
    if fd < 0 {
        return "in the table of an io_uring".to_owned();
    }
    let number = |name| number_of(fd, name).unwrap_or(-1);
    let name = |peer| name_of(fd, peer).map(|bytes| addr::read(&bytes));
    let packet = socket(libc::AF_PACKET, libc::SOCK_RAW, 0);
    if let Ok(fd) = packet {
        close(fd);
    }
    format!(
        "{:?} ({}, {}, {}) on {:?} to {:?}, packet socket {packet:?}",
        std::fs::read_link(format!("/proc/self/fd/{fd}")),
        number(libc::SO_DOMAIN),
        number(libc::SO_TYPE),
        number(libc::SO_PROTOCOL),
        name(false),
        name(true),
    )
}

/// Closes a descriptor that this process made and nobody owns.
pub fn close(fd: i32) {
    // SAFETY: the fuzzer keeps its sockets as numbers; no owned descriptor of
    // this process is among them.
    unsafe { libc::close(fd) };
}

/// `dup()`.
pub fn dup(fd: i32) -> Result<i32> {
    // SAFETY: `dup` has no memory requirements.
    check(unsafe { libc::dup(fd) }.into()).map(|fd| fd as i32)
}

/// Whether a descriptor is a socket.
pub fn is_socket(fd: i32) -> bool {
    get_option(fd, libc::SOL_SOCKET, libc::SO_TYPE, 4).is_ok()
}
