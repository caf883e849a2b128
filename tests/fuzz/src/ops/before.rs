// SPDX-License-Identifier: GPL-2.0

//! What a process has and does before it is associated: sockets that fit or do not,
//! calls that sleep on them, and calls on the control device.

use std::io::Result;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::thread::{sleep, spawn};
use std::time::Duration;

use addrconf_abi::Target;

use libc::{AF_INET, AF_INET6, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use super::sockets::receive_from;
use super::Actor;
use crate::control::Device;
use crate::message::Message;
use crate::socket;
use crate::sys::errno;
use crate::{addr, pool};

/// Opens some sockets. None uses a dark address: a packet from one is a violation.
pub fn open(a: &mut Actor) {
    for _ in 0..a.rng.below(12) {
        // A failure leaves the socket in another state, which is worth testing, too.
        let _ = open_one(a);
    }
}

fn open_one(a: &mut Actor) -> Result<()> {
    let from = address(a);
    let family = if from.is_ipv6() { AF_INET6 } else { AF_INET };
    let kind = a.rng.pick(&[SOCK_STREAM, SOCK_DGRAM]);
    let fd = socket::socket(family, kind | SOCK_NONBLOCK, 0)?;
    a.fds.push(fd);
    let one = 1_i32.to_ne_bytes();
    socket::set_option_bytes(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, &one)?;
    super::sockets::ask_where(fd);
    let bound = a.rng.percent(80);
    if bound {
        let port = a.rng.pick(&[0, 80, 1001, 1002, 1003, 4000]);
        socket::bind(fd, &addr::bytes(from, port))?;
    }
    // Not on a wildcard: a connection that waits there may have any local address,
    // and the tenant can accept it later.
    let fixed = bound && !from.is_unspecified();
    if kind == SOCK_STREAM && fixed && a.rng.percent(50) {
        return socket::listen(fd, 8);
    }
    let to = if a.rng.percent(50) {
        address(a)
    } else {
        pool::PEER4.into()
    };
    socket::connect(fd, &addr::bytes(to, a.rng.pick(&addr::PORTS)))?;
    let bytes = Message::new(a.tenant, Some(to), kind == SOCK_STREAM).bytes(100);
    socket::send_to(fd, &bytes, libc::MSG_DONTWAIT, &[]).map(drop)
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

/// Starts threads that keep sleeping in calls on sockets that fit or do not.
pub fn wait(a: &mut Actor) {
    for _ in 0..a.rng.below(3) {
        if let Ok((fd, kind)) = waited_on(a) {
            let mut other = a.another();
            spawn(move || {
                while !other.world.stopped() {
                    if other.wait_once(fd, kind).is_err() {
                        sleep(Duration::from_millis(50));
                    }
                }
            });
        }
    }
}

/// A blocking socket and its type. A listener on a wildcard may answer from a dark address until it is
/// associated: see [`early_until`](crate::world::World::early_until).
fn waited_on(a: &mut Actor) -> Result<(i32, i32)> {
    let from = address(a);
    let family = if from.is_ipv6() { AF_INET6 } else { AF_INET };
    let kind = a.rng.pick(&[SOCK_STREAM, SOCK_DGRAM, SOCK_DGRAM]);
    let fd = socket::socket(family, kind, 0)?;
    let one = 1_i32.to_ne_bytes();
    socket::set_option_bytes(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, &one)?;
    super::sockets::ask_where(fd);
    socket::bind(fd, &addr::bytes(from, a.rng.pick(&addr::PORTS)))?;
    if kind == SOCK_STREAM {
        socket::listen(fd, 8)?;
    }
    Ok((fd, kind))
}

impl Actor {
    fn wait_once(&mut self, fd: i32, kind: i32) -> Result<()> {
        if kind == SOCK_DGRAM {
            return receive_from(self, fd, 0);
        }
        let new = socket::accept(fd, SOCK_NONBLOCK)?;
        // It fails if nothing came yet, or if the connection is refused to this tenant.
        let _ = receive_from(self, new, libc::MSG_DONTWAIT);
        socket::close(new);
        Ok(())
    }
}

/// Starts a thread that keeps its capabilities and releases its own process again and
/// again, until that fails with `EPERM` because the process is associated.
pub fn release_oneself() {
    let Ok(device) = Device::open() else {
        return;
    };
    let own = Target::Pid(std::process::id() as i32);
    spawn(move || {
        while device.release(own).err().as_ref().map(errno) != Some(libc::EPERM) {
            sleep(Duration::from_micros(500));
        }
    });
}
