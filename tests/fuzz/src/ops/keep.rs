// SPDX-License-Identifier: GPL-2.0

//! Connections that are kept for long, in every state and in every place where a
//! connection can be: read now and then, shut down in one direction, not accepted
//! yet, in flight in a Unix socket, or in the file table of an io_uring.

use std::io::Result;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libc::{AF_INET, AF_INET6, AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use super::Actor;
use crate::message::Way;
use crate::socket;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::message::Outgoing;
use crate::sys::uring::table::{Table, ROOM};
use crate::{addr, pool, received, secrets, services};

/// The most connections in each place.
const MOST: usize = 8;

/// The connections that a process keeps.
#[derive(Default)]
pub struct Kept {
    /// Open descriptors.
    links: Vec<i32>,
    /// Both ends of a Unix socket, and below how many descriptors are in flight in it.
    pair: Option<[i32; 2]>,
    on_the_way: usize,
    table: Option<Table>,
}

impl Kept {
    /// Forgets the parent's ring in a child, as only one process may use it.
    pub fn forget_ring(&mut self) {
        std::mem::forget(self.table.take());
    }
}

/// Makes a connection, or accepts one.
pub fn link(a: &mut Actor) -> Result<()> {
    let fd = if a.rng.percent(30) {
        let listener = a.any()?;
        socket::accept(listener, SOCK_NONBLOCK)?
    } else {
        let v6 = a.rng.percent(40);
        let (to, port) = destination(a, v6);
        let family = if v6 { AF_INET6 } else { AF_INET };
        let fd = socket::socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0)?;
        a.kept.links.push(fd);
        let own = addr::own(a.world, a.tenant, &mut a.rng).filter(|own| own.is_ipv6() == v6);
        if let (Some(own), true) = (own, a.rng.percent(60)) {
            socket::bind(fd, &addr::bytes(own, 0))?;
        }
        return match socket::connect(fd, &addr::bytes(to, port)) {
            Err(e) if errno(&e) == libc::EINPROGRESS => Ok(()),
            other => other,
        };
    };
    a.kept.links.push(fd);
    Ok(())
}

/// The address of a server, or one that does not answer.
fn destination(a: &mut Actor, v6: bool) -> (IpAddr, u16) {
    let port = a.rng.pick(&addr::PORTS);
    match a.rng.below(10) {
        0 if v6 => (Ipv6Addr::new(0x2001, 0xdb8, 9, 0, 0, 0, 0, 77).into(), port),
        0 => (Ipv4Addr::new(10, 9, 0, 77).into(), port),
        1 | 2 => (pool::HOST4.into(), services::port_of_a_listener(a.world)),
        _ if v6 => (pool::PEER6.into(), port),
        _ => (pool::PEER4.into(), port),
    }
}

/// Reads on all kept connections. Closes those that fail and those that are too many,
/// and shuts one down now and then.
pub fn tend(a: &mut Actor) -> Result<()> {
    let mut last = Ok(());
    for fd in std::mem::take(&mut a.kept.links) {
        match read(a, fd) {
            Ok(()) => a.kept.links.push(fd),
            Err(e) if errno(&e) == libc::EAGAIN => a.kept.links.push(fd),
            Err(e) => {
                socket::close(fd);
                last = Err(e);
            }
        }
    }
    while a.kept.links.len() > MOST {
        socket::close(a.kept.links.remove(0));
    }
    if a.rng.percent(15) && !a.kept.links.is_empty() {
        let fd = a.kept.links[a.rng.below(a.kept.links.len())];
        return socket::shutdown(fd, a.rng.below(3) as i32);
    }
    last
}

/// Reads all there is on one connection.
fn read(a: &mut Actor, fd: i32) -> Result<()> {
    let mut data = [0; 2048];
    loop {
        let (began, flags) = (now(), MSG_DONTWAIT);
        let got = socket::receive(fd, &mut data, &mut [], flags)?;
        secrets::check(
            a.world,
            a.tenant,
            &data[..got.data],
            &Way { fd, flags, began },
        );
        if got.data == 0 {
            return Ok(());
        }
    }
}

/// Moves a connection, or a copy of any socket, to a place outside the table of
/// descriptors.
pub fn stash(a: &mut Actor) -> Result<()> {
    let own = a.rng.percent(80) && !a.kept.links.is_empty();
    let fd = if own {
        let at = a.rng.below(a.kept.links.len());
        a.kept.links.swap_remove(at)
    } else {
        socket::dup(a.any()?)?
    };
    put_away(a, fd)
}

/// Moves this descriptor to such a place, and closes it.
pub fn put_away(a: &mut Actor, fd: i32) -> Result<()> {
    let result = if a.rng.percent(50) {
        send_to_oneself(a, fd)
    } else {
        register(a, fd)
    };
    socket::close(fd);
    result
}

fn register(a: &mut Actor, fd: i32) -> Result<()> {
    if a.kept.table.is_none() {
        a.kept.table = Some(Table::new()?);
    }
    let place = a.rng.below(ROOM as usize) as u32;
    match &mut a.kept.table {
        Some(table) => table.put(place, Some(fd)),
        None => Ok(()),
    }
}

fn send_to_oneself(a: &mut Actor, fd: i32) -> Result<()> {
    let [from, _] = match a.kept.pair {
        Some(pair) => pair,
        None => {
            let pair = socket::pair(AF_UNIX, SOCK_DGRAM)?;
            *a.kept.pair.insert(pair)
        }
    };
    if a.kept.on_the_way >= MOST {
        return Ok(());
    }
    let control = received::write(libc::SOL_SOCKET, libc::SCM_RIGHTS, &fd.to_ne_bytes());
    let out = Outgoing {
        name: &[],
        data: b"on the way",
        control: &control,
    };
    socket::send_message(from, &out, MSG_DONTWAIT)?;
    a.kept.on_the_way += 1;
    Ok(())
}

/// Reads on the connections in an io_uring, and takes some back from the Unix socket.
pub fn unstash(a: &mut Actor) -> Result<()> {
    read_registered(a);
    if a.rng.percent(70) {
        return Ok(());
    }
    let Some([_, to]) = a.kept.pair else {
        return Ok(());
    };
    let (mut data, mut control) = ([0; 16], [0; 64]);
    while a.kept.on_the_way > 0 {
        a.kept.on_the_way -= 1;
        let got = socket::receive(to, &mut data, &mut control, MSG_DONTWAIT)?;
        let extra = received::read(&control[..got.control]);
        a.kept.links.extend(extra.descriptors);
    }
    tend(a)
}

/// Reads on the connections in the ring's table, and drops some.
fn read_registered(a: &mut Actor) {
    let (world, tenant, flags) = (a.world, a.tenant, MSG_DONTWAIT);
    let Some(table) = &mut a.kept.table else {
        return;
    };
    for place in 0..ROOM {
        let began = now();
        let fd = -1;
        if let Ok(data) = table.receive(place) {
            secrets::check(world, tenant, data, &Way { fd, flags, began });
        }
        if a.rng.percent(5) {
            let _ = table.put(place, None);
        }
    }
}
