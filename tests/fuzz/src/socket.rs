// SPDX-License-Identifier: GPL-2.0

//! Sockets as numbers. No value owns a socket here: some are closed already, some are
//! inherited, and other threads use them as well.

use std::io;
use std::os::fd::IntoRawFd;

use crate::addr;
use crate::sys::message::{Incoming, Outgoing};
use crate::sys::option::{attach_classic, option};
use crate::sys::{descriptor, message, socket as calls};

pub use crate::sys::descriptor::close;
pub use crate::sys::message::receive_from;
pub use crate::sys::option::{option_bytes, set_option_bytes};
pub use crate::sys::socket::{bind, connect, listen, local_name, peer_name, shutdown};

/// `BPF_RET | BPF_K`: ends a classic program with a constant.
const RETURN: u16 = 6;

/// `socket()`.
pub fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<i32> {
    calls::socket(family, kind, protocol).map(IntoRawFd::into_raw_fd)
}

/// `socketpair()`.
pub fn pair(family: i32, kind: i32) -> io::Result<[i32; 2]> {
    let pair = calls::socket_pair(family, kind, 0)?;
    Ok(pair.map(IntoRawFd::into_raw_fd))
}

/// `accept4()`.
pub fn accept(fd: i32, flags: i32) -> io::Result<i32> {
    calls::accept_nameless(fd, flags).map(IntoRawFd::into_raw_fd)
}

/// `dup()`.
pub fn dup(fd: i32) -> io::Result<i32> {
    descriptor::dup(fd).map(IntoRawFd::into_raw_fd)
}

/// Receives into buffers, without asking for the sender's address.
pub fn receive(fd: i32, data: &mut [u8], control: &mut [u8], flags: i32) -> io::Result<Incoming> {
    message::receive(fd, &mut [], data, control, flags)
}

/// `sendto()`, without a signal if the peer reads no more.
pub fn send_to(fd: i32, data: &[u8], flags: i32, name: &[u8]) -> io::Result<usize> {
    message::sendto(fd, data, flags | libc::MSG_NOSIGNAL, name)
}

/// `sendmsg()`, likewise.
pub fn send_message(fd: i32, out: &Outgoing<'_>, flags: i32) -> io::Result<usize> {
    message::send_message(fd, out, flags | libc::MSG_NOSIGNAL)
}

/// `sendmmsg()`, likewise.
pub fn send_messages(fd: i32, out: &[Outgoing<'_>], flags: i32) -> io::Result<usize> {
    message::send_messages(fd, out, flags | libc::MSG_NOSIGNAL)
}

/// `setsockopt()` of an option that takes a classic BPF program. The program returns
/// `result`: for a filter the number of bytes to keep, for a group the member to choose.
pub fn attach_filter(fd: i32, name: i32, result: u32) -> io::Result<()> {
    attach_classic(fd, name, &[(RETURN, result)])
}

/// An option of `SOL_SOCKET` that is a number.
pub fn number_of(fd: i32, name: i32) -> Option<i32> {
    option(fd, libc::SOL_SOCKET, name).ok()
}

/// Whether a descriptor is a socket.
pub fn is_socket(fd: i32) -> bool {
    number_of(fd, libc::SO_TYPE).is_some()
}

/// Describes a socket for a report: its inode, family, type, protocol, address and peer,
/// and whether this process may open a packet socket, which no associated process may.
pub fn describe(fd: i32) -> String {
    if fd < 0 {
        return "in the table of an io_uring".to_owned();
    }
    let number = |name| number_of(fd, name).unwrap_or(-1);
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
        local_name(fd).map(|name| addr::read(&name)),
        peer_name(fd).map(|name| addr::read(&name)),
    )
}
