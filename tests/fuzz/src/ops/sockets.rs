// SPDX-License-Identifier: GPL-2.0

//! The calls of a socket's life, from `socket()` to `close()`.

use std::io::{self, Result};
use std::net::IpAddr;

use libc::{AF_INET, AF_INET6, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use super::Actor;
use crate::message::{check_received, Message, Way};
use crate::socket;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::{addr, received, secrets};

/// Opens a socket, mostly TCP or UDP.
pub fn socket(a: &mut Actor) -> Result<()> {
    let family = a.rng.pick(&[AF_INET, AF_INET6]);
    let flags = if a.rng.percent(90) { SOCK_NONBLOCK } else { 0 };
    let fd = if a.rng.percent(80) {
        let kind = a.rng.pick(&[SOCK_STREAM, SOCK_DGRAM]);
        socket::socket(family, kind | flags, 0)?
    } else {
        let family = match a.rng.below(4) {
            0 => family,
            1 => a.rng.pick(&[17, 16, 1, 44, 30, 21, 40, 43]),
            _ => a.rng.below(48) as i32,
        };
        let kind = a.rng.below(11) as i32;
        let protocol = a.rng.pick(&[0, 1, 6, 17, 58, 132, 262, 255, 136, 115, 256]);
        socket::socket(family, kind | flags, protocol)?
    };
    a.fds.push(fd);
    Ok(())
}

/// Opens a server's socket: bound and, for TCP, listening.
pub fn serve(a: &mut Actor) -> Result<()> {
    let v6 = a.rng.percent(50);
    let family = if v6 { AF_INET6 } else { AF_INET };
    let kind = a.rng.pick(&[SOCK_STREAM, SOCK_DGRAM]);
    let fd = socket::socket(family, kind | SOCK_NONBLOCK, 0)?;
    a.fds.push(fd);
    let one = 1_i32.to_ne_bytes();
    for name in [libc::SO_REUSEADDR, libc::SO_REUSEPORT] {
        if a.rng.percent(60) {
            socket::set_option_bytes(fd, libc::SOL_SOCKET, name, &one)?;
        }
    }
    let own = addr::own(a.world, a.tenant, &mut a.rng);
    let addr = match own {
        Some(own) if own.is_ipv6() == v6 && a.rng.percent(30) => own,
        _ => addr::WILDCARDS[usize::from(v6)],
    };
    ask_where(fd);
    socket::bind(fd, &addr::bytes(addr, a.rng.pick(&addr::PORTS)))?;
    if kind == SOCK_STREAM {
        socket::listen(fd, 8)?;
    }
    Ok(())
}

/// Makes received datagrams report the address they were sent to.
pub fn ask_where(fd: i32) {
    let one = 1_i32.to_ne_bytes();
    let _ = socket::set_option_bytes(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, &one);
    let _ = socket::set_option_bytes(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, &one);
}

/// `bind()`.
pub fn bind(a: &mut Actor) -> Result<()> {
    let (fd, v6) = (a.any()?, a.rng.percent(50));
    let (name, _) = addr::random(a.world, a.tenant, &mut a.rng, v6);
    if a.rng.percent(40) {
        ask_where(fd);
    }
    socket::bind(fd, &name)
}

/// `connect()`.
pub fn connect(a: &mut Actor) -> Result<()> {
    let (fd, v6) = (a.any()?, a.rng.percent(50));
    let (name, _) = addr::random(a.world, a.tenant, &mut a.rng, v6);
    match socket::connect(fd, &name) {
        Err(e) if errno(&e) == libc::EINPROGRESS => Ok(()),
        other => other,
    }
}

/// `listen()`.
pub fn listen(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    socket::listen(fd, a.rng.below(8) as i32)
}

/// `accept()`.
pub fn accept(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    let new = socket::accept(fd, SOCK_NONBLOCK)?;
    a.fds.push(new);
    receive_from(a, new, libc::MSG_DONTWAIT)
}

/// Receives on all sockets, and checks the messages.
pub fn receive(a: &mut Actor) -> Result<()> {
    // On all: what is not received is not checked.
    let fds = a.fds.clone();
    let mut last = Err(io::Error::from_raw_os_error(libc::EAGAIN));
    for fd in fds {
        let flags = a
            .rng
            .pick(&[0, 0, 0, libc::MSG_PEEK, libc::MSG_ERRQUEUE, libc::MSG_TRUNC]);
        last = receive_from(a, fd, flags | libc::MSG_DONTWAIT);
    }
    match last {
        Err(e) if errno(&e) == libc::EAGAIN => Ok(()),
        other => other,
    }
}

/// The properties of a socket. While one thread receives, another may close the
/// descriptor and open another socket, or connect this one again. Only properties that
/// are the same before and after receiving are known.
#[derive(PartialEq, Eq)]
struct Face {
    domain: i32,
    kind: i32,
    /// Its local address, if it is connected. A socket that is no longer connected
    /// may have been bound again, and still hold data from before.
    local: Option<IpAddr>,
}

impl Face {
    fn of(fd: i32) -> Option<Self> {
        Some(Self {
            domain: socket::number_of(fd, libc::SO_DOMAIN)?,
            kind: kind_of(fd)?,
            local: match socket::peer_name(fd) {
                Ok(_) => addr::read(&socket::local_name(fd).ok()?),
                Err(_) => None,
            },
        })
    }
}

/// Receives a few times on one socket, and checks the messages.
pub fn receive_from(a: &mut Actor, fd: i32, flags: i32) -> Result<()> {
    let (mut data, mut control) = ([0; 2048], [0; 512]);
    for _ in 0..4 {
        let before = Face::of(fd);
        let began = now();
        let got = socket::receive(fd, &mut data, &mut control, flags)?;
        let extra = received::read(&control[..got.control]);
        for &new in &extra.descriptors {
            socket::close(new);
        }
        // The error queue returns payloads that this socket sent.
        if flags & libc::MSG_ERRQUEUE != 0 {
            continue;
        }
        let face = Face::of(fd).filter(|face| Some(face) == before.as_ref());
        let kind = face.as_ref().map(|face| face.kind);
        let way = Way { fd, flags, began };
        if kind == Some(SOCK_STREAM) {
            secrets::check(a.world, a.tenant, &data[..got.data], &way);
        }
        let found = if kind == Some(libc::SOCK_RAW) {
            raw_message(face.as_ref(), &data[..got.data])
        } else {
            Message::read(&data[..got.data]).map(|message| (message, None))
        };
        if let Some((message, header)) = found {
            let stream = match kind {
                Some(kind) => kind == SOCK_STREAM || header.is_some() && message.stream,
                None => message.stream,
            };
            let local = if kind == Some(SOCK_STREAM) {
                face.and_then(|face| face.local)
            } else {
                extra.local.or(header)
            };
            check_received(a.world, a.tenant, &message, local, stream, &way);
        }
        if got.data == 0 {
            break;
        }
    }
    Ok(())
}

/// The message in what a raw socket received, and its destination if the IP header is
/// there. IPv6 raw sockets receive no IP header.
fn raw_message(face: Option<&Face>, bytes: &[u8]) -> Option<(Message, Option<IpAddr>)> {
    // 120: the longest IP and transport headers, with options.
    let message = (0..120).find_map(|at| Message::read(bytes.get(at..)?))?;
    let to = <[u8; 4]>::try_from(bytes.get(16..20)?).ok()?;
    let has_header = face.is_some_and(|face| face.domain == libc::AF_INET);
    Some((message, has_header.then_some(to.into())))
}

/// The type of a socket.
fn kind_of(fd: i32) -> Option<i32> {
    socket::number_of(fd, libc::SO_TYPE)
}

/// Whether a socket is a stream.
pub fn is_stream(fd: i32) -> bool {
    kind_of(fd) == Some(SOCK_STREAM)
}

/// `shutdown()`.
pub fn shutdown(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    socket::shutdown(fd, a.rng.below(3) as i32)
}

/// `close()`.
pub fn close(a: &mut Actor) -> Result<()> {
    if !a.fds.is_empty() {
        let at = a.rng.below(a.fds.len());
        socket::close(a.fds.swap_remove(at));
    }
    Ok(())
}

/// `dup()`.
pub fn dup(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    let new = socket::dup(fd)?;
    a.fds.push(new);
    Ok(())
}

/// `getsockname()` and `getpeername()`.
pub fn name(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    let name = if a.rng.percent(30) {
        socket::peer_name(fd)
    } else {
        socket::local_name(fd)
    };
    name.map(drop)
}
