// SPDX-License-Identifier: GPL-2.0

//! Sockets that a process has already when it is associated: they fit or not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libc::{AF_INET, AF_INET6, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use super::Actor;
use crate::message::Message;
use crate::sys::{self, Result};
use crate::{addr, pool};

/// Opens some. What is nobody's stays so: a packet from there is a violation.
pub fn open(a: &mut Actor) {
    for _ in 0..a.rng.below(12) {
        // What fails leaves a socket in another state.
        let _ = open_one(a);
    }
}

fn open_one(a: &mut Actor) -> Result<()> {
    let from = address(a);
    let family = if from.is_ipv6() { AF_INET6 } else { AF_INET };
    let kind = a.rng.pick(&[SOCK_STREAM, SOCK_DGRAM]);
    let fd = sys::socket::socket(family, kind | SOCK_NONBLOCK, 0)?;
    a.fds.push(fd);
    let one = 1_i32.to_ne_bytes();
    sys::socket::set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, &one)?;
    super::sockets::ask_where(fd);
    let bound = a.rng.percent(80);
    if bound {
        let port = a.rng.pick(&[0, 80, 1001, 1002, 1003, 4000]);
        sys::socket::bind(fd, &addr::bytes(from, port))?;
    }
    // Not on a wildcard address: a connection to any address that waits there
    // can be accepted later, and says that address.
    let fixed = bound && !from.is_unspecified();
    if kind == SOCK_STREAM && fixed && a.rng.percent(50) {
        return sys::socket::listen(fd, 8);
    }
    let to = if a.rng.percent(50) {
        address(a)
    } else {
        pool::PEER4.into()
    };
    sys::socket::connect(fd, &addr::bytes(to, a.rng.pick(&addr::PORTS)))?;
    let bytes = Message::new(a.tenant, Some(to), kind == SOCK_STREAM).bytes(100);
    sys::socket::send_to(fd, &bytes, libc::MSG_DONTWAIT, &[]).map(drop)
}

fn address(a: &mut Actor) -> IpAddr {
    match a.rng.below(10) {
        0 | 1 => Ipv4Addr::UNSPECIFIED.into(),
        2 | 3 => Ipv6Addr::UNSPECIFIED.into(),
        4 => Ipv4Addr::LOCALHOST.into(),
        5 => Ipv6Addr::LOCALHOST.into(),
        _ => pool::address(a.rng.below(pool::SIZE), a.rng.below(2)),
    }
}
