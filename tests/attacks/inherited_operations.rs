// SPDX-License-Identifier: GPL-2.0

//! Every operation on a socket, in one table, with its outcome on a socket of
//! another owner.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};

use libc::{
    EADDRNOTAVAIL, ENOTTY, F_DUPFD, F_GETFD, F_GETFL, F_GETOWN, F_SETFD, F_SETFL, F_SETOWN,
    IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, IPV6_UNICAST_HOPS, IP_TTL, O_ASYNC,
    O_NONBLOCK, SHUT_RD, SHUT_RDWR, SHUT_WR, SIGUSR1, SOL_SOCKET, SO_ACCEPTCONN, SO_ATTACH_FILTER,
    SO_ATTACH_REUSEPORT_CBPF, SO_BINDTODEVICE, SO_ERROR, SO_INCOMING_CPU, SO_KEEPALIVE,
    SO_LOCK_FILTER, SO_RCVBUF, SO_REUSEADDR, SO_TYPE, TCP_DEFER_ACCEPT, TCP_FASTOPEN, TCP_INFO,
    TCP_KEEPIDLE, TCP_NODELAY, TCP_SAVED_SYN, TCP_SAVE_SYN, UDP_CORK,
};

use super::inherited_sockets::Kind::{self, Connection, Datagram, Listener, Member, Server, Talk};
use super::old_descriptors::receive_without_a_copy;
use crate::addr::Addr;
use crate::sock::Sock;
use crate::sys::descriptor::{
    choose_signal, fcntl, ioctl, network_of, number as ioctls, own_signals, stat,
};
use crate::sys::message::recvfrom;
use crate::sys::option::{attach_classic, option, option_bytes, set_option, set_option_bytes};
use crate::sys::socket::{accept, shutdown};
use crate::sys::watch::{epoll, poll_many};
use crate::uring::Ring;

/// The outcome of an operation on a socket of another owner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is refused with `EADDRNOTAVAIL`.
    Refused,
    /// It is unknown there: `ENOTTY`.
    NotKnown,
    /// It succeeds, as on an own socket.
    Harmless,
}

impl Verdict {
    /// As an errno; 0 for success.
    pub fn errno(self) -> i32 {
        match self {
            Self::Refused => EADDRNOTAVAIL,
            Self::NotKnown => ENOTTY,
            Self::Harmless => 0,
        }
    }
}

/// An operation, and the kinds of sockets on which it succeeds if nothing
/// refuses it.
pub struct Operation {
    pub name: &'static str,
    pub on: &'static [Kind],
    pub verdict: Verdict,
    pub run: fn(&Sock) -> io::Result<()>,
}

const ALL: &[Kind] = &[Listener, Connection, Datagram, Talk, Member, Server];
const STREAMS: &[Kind] = &[Listener, Connection, Server];
const LISTENERS: &[Kind] = &[Listener, Server];
const DATAGRAMS: &[Kind] = &[Datagram, Talk, Member];
const CONNECTED: &[Kind] = &[Connection, Talk];

const fn of(
    verdict: Verdict,
    name: &'static str,
    on: &'static [Kind],
    run: fn(&Sock) -> io::Result<()>,
) -> Operation {
    Operation {
        name,
        on,
        verdict,
        run,
    }
}

const fn refused(
    name: &'static str,
    on: &'static [Kind],
    run: fn(&Sock) -> io::Result<()>,
) -> Operation {
    of(Verdict::Refused, name, on, run)
}

const fn harmless(
    name: &'static str,
    on: &'static [Kind],
    run: fn(&Sock) -> io::Result<()>,
) -> Operation {
    of(Verdict::Harmless, name, on, run)
}

/// A classic program that returns a constant.
fn constant(sock: &Sock, option: i32) -> io::Result<()> {
    const RETURN: u16 = 6;
    attach_classic(sock.as_fd(), option, &[(RETURN, 0)])
}

fn set(sock: &Sock, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_option(sock.as_fd(), level, name, value)
}

fn get(sock: &Sock, level: i32, name: i32) -> io::Result<()> {
    option(sock.as_fd(), level, name).map(drop)
}

fn control(sock: &Sock, command: i32, value: i32) -> io::Result<()> {
    fcntl(sock.as_fd(), command, value).map(drop)
}

fn own_id() -> i32 {
    std::process::id() as i32
}

/// Every operation, with its verdict.
#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    refused("shutdown for reading", STREAMS, |s| shutdown(s.as_fd(), SHUT_RD)),
    refused("shutdown for writing", STREAMS, |s| shutdown(s.as_fd(), SHUT_WR)),
    refused("shutdown for both", &[Listener, Connection, Talk, Server], |s| shutdown(s.as_fd(), SHUT_RDWR)),
    refused("a ring's shutdown", &[Listener, Connection, Talk, Server], |s| Ring::new().shutdown(s, SHUT_RDWR)),

    refused("connect elsewhere", DATAGRAMS, |s| s.connect((s.local().ip(), 9))),
    refused("connect to nowhere", ALL, |s| s.connect(Addr::unspecified(0))),
    refused("a ring's connect to nowhere", ALL, |s| Ring::new().connect(s, Addr::unspecified(0))),
    refused("listen", LISTENERS, |s| s.listen()),
    refused("accept", LISTENERS, |s| accept(s.as_fd()).map(drop)),
    refused("a ring's accept", LISTENERS, |s| Ring::new().accept(s).map(drop)),
    refused("receive", &[Connection, Datagram, Talk, Member], |s| recvfrom(s.as_fd(), 16).map(drop)),
    refused("send", CONNECTED, |s| s.send(b"x")),
    refused("send to an address", DATAGRAMS, |s| s.send_to(b"x", (s.local().ip(), 9))),

    refused("SO_RCVBUF", ALL, |s| set(s, SOL_SOCKET, SO_RCVBUF, 4096)),
    refused("SO_REUSEADDR", ALL, |s| set(s, SOL_SOCKET, SO_REUSEADDR, 1)),
    refused("SO_KEEPALIVE", ALL, |s| set(s, SOL_SOCKET, SO_KEEPALIVE, 1)),
    refused("SO_INCOMING_CPU", ALL, |s| set(s, SOL_SOCKET, SO_INCOMING_CPU, 0)),
    refused("SO_BINDTODEVICE", ALL, |s| set_option_bytes(s.as_fd(), SOL_SOCKET, SO_BINDTODEVICE, b"lo\0")),
    refused("SO_ATTACH_FILTER", ALL, |s| constant(s, SO_ATTACH_FILTER)),
    refused("SO_LOCK_FILTER", ALL, |s| set(s, SOL_SOCKET, SO_LOCK_FILTER, 1)),
    refused("SO_ATTACH_REUSEPORT_CBPF", &[Member, Server], |s| constant(s, SO_ATTACH_REUSEPORT_CBPF)),
    refused("hops", ALL, |s| match s.local().family() {
        libc::AF_INET => set(s, IPPROTO_IP, IP_TTL, 1),
        _ => set(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1),
    }),
    refused("TCP_NODELAY", STREAMS, |s| set(s, IPPROTO_TCP, TCP_NODELAY, 1)),
    refused("TCP_KEEPIDLE", STREAMS, |s| set(s, IPPROTO_TCP, TCP_KEEPIDLE, 1)),
    refused("TCP_DEFER_ACCEPT", LISTENERS, |s| set(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1)),
    refused("TCP_SAVE_SYN", LISTENERS, |s| set(s, IPPROTO_TCP, TCP_SAVE_SYN, 1)),
    refused("TCP_FASTOPEN", LISTENERS, |s| set(s, IPPROTO_TCP, TCP_FASTOPEN, 1)),
    refused("UDP_CORK", DATAGRAMS, |s| set(s, IPPROTO_UDP, UDP_CORK, 1)),
    refused("a ring's SO_RCVBUF", ALL, |s| Ring::new().set_option(s, (SOL_SOCKET, SO_RCVBUF), 4096)),

    refused("SO_ERROR", ALL, |s| get(s, SOL_SOCKET, SO_ERROR)),
    refused("a ring's SO_ERROR", ALL, |s| Ring::new().option(s, (SOL_SOCKET, SO_ERROR))),
    refused("TCP_SAVED_SYN", &[Connection], |s| option_bytes(s.as_fd(), IPPROTO_TCP, TCP_SAVED_SYN, 256).map(drop)),
    refused("TCP_ZEROCOPY_RECEIVE", &[Connection], |s| receive_without_a_copy(s).map(drop)),

    refused("F_SETFL O_NONBLOCK", ALL, |s| control(s, F_SETFL, O_NONBLOCK)),
    refused("F_SETFL O_ASYNC", ALL, |s| control(s, F_SETFL, O_ASYNC)),
    refused("F_SETOWN", ALL, |s| control(s, F_SETOWN, own_id())),
    refused("F_SETOWN_EX", ALL, |s| own_signals(s.as_fd())),
    refused("F_SETSIG", ALL, |s| choose_signal(s.as_fd(), SIGUSR1)),
    refused("FIONBIO", ALL, |s| ioctl(s.as_fd(), ioctls::FIONBIO, 1)),
    refused("FIOASYNC", ALL, |s| ioctl(s.as_fd(), ioctls::FIOASYNC, 1)),
    refused("FIOSETOWN", ALL, |s| ioctl(s.as_fd(), ioctls::FIOSETOWN, own_id())),
    refused("SIOCSPGRP", ALL, |s| ioctl(s.as_fd(), ioctls::SIOCSPGRP, own_id())),
    of(Verdict::NotKnown, "SIOCGSKNS", ALL, |s| network_of(s.as_fd()).map(drop)),
    harmless("SIOCGIFCONF", ALL, |s| ioctl(s.as_fd(), ioctls::SIOCGIFCONF, 0)),

    harmless("getsockname", ALL, |s| { s.local(); Ok(()) }),
    harmless("getpeername", CONNECTED, |s| s.peer().map(drop)),
    harmless("SO_TYPE", ALL, |s| get(s, SOL_SOCKET, SO_TYPE)),
    harmless("reading SO_RCVBUF", ALL, |s| get(s, SOL_SOCKET, SO_RCVBUF)),
    harmless("SO_ACCEPTCONN", ALL, |s| get(s, SOL_SOCKET, SO_ACCEPTCONN)),
    harmless("a ring's SO_TYPE", ALL, |s| Ring::new().option(s, (SOL_SOCKET, SO_TYPE))),
    harmless("TCP_INFO", STREAMS, |s| option_bytes(s.as_fd(), IPPROTO_TCP, TCP_INFO, 128).map(drop)),
    harmless("F_GETFL", ALL, |s| control(s, F_GETFL, 0)),
    harmless("F_GETFD", ALL, |s| control(s, F_GETFD, 0)),
    harmless("F_SETFD", ALL, |s| control(s, F_SETFD, 1)),
    harmless("F_GETOWN", ALL, |s| control(s, F_GETOWN, 0)),
    harmless("F_DUPFD", ALL, |s| control(s, F_DUPFD, 0)),
    harmless("FIONREAD", &[Connection, Datagram, Talk, Member], |s| ioctl(s.as_fd(), ioctls::FIONREAD, 0)),
    harmless("fstat", ALL, |s| stat(s.as_fd())),
    harmless("poll", ALL, |s| poll_many(&[s.as_fd()], 0).map(drop)),
    harmless("epoll", ALL, |s| epoll(s.as_fd()).map(drop)),
    harmless("close", ALL, |s| {
        let other: OwnedFd = s.as_fd().try_clone_to_owned()?;
        drop(UdpSocket::from(other));
        Ok(())
    }),
];
