// SPDX-License-Identifier: GPL-2.0

//! Sends probes, which only the owner of an address may receive, to all addresses,
//! from next door and from the host. Receives what tenants send next door, and listens
//! on the host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use libc::{SOCK_CLOEXEC, SOCK_NONBLOCK};

use crate::addr::{self, HOST_PORT, PORTS};
use crate::message::Message;
use crate::net;
use crate::ops::mailbox;
use crate::pool;
use crate::received;
use crate::rng::Rng;
use crate::secrets::Connections;
use crate::services;
use crate::socket;
use crate::sys::addr::Addr;
use crate::sys::clock::now;
use crate::sys::message::{self, Outgoing};
use crate::world::{Counter, World, SLOTS};

/// Nanoseconds between two secrets on a connection.
const SECRETS_EVERY: u64 = 300_000_000;

/// Sends probes, and secrets on connections, until the run ends. `sockets`: a UDP
/// socket for each family.
pub fn send(world: World, sockets: [i32; 2], host: bool) {
    let mut rng = Rng::new(world.seed() ^ u64::from(host) ^ 0xb0b0);
    let mut connections = Connections::new(world);
    let mut due = 0;
    while !world.stopped() {
        let to = match rng.below(20) {
            0 if host => Ipv4Addr::LOCALHOST.into(),
            1 if host => Ipv6Addr::LOCALHOST.into(),
            _ => pool::address(rng.below(pool::SIZE), rng.below(2)),
        };
        let port = if rng.percent(90) {
            rng.pick(&PORTS)
        } else {
            HOST_PORT
        };
        if rng.percent(70) {
            let bytes = Message::new(0, Some(to), false).bytes(64);
            let name = addr::bytes(to, port);
            let _ = socket::send_to(sockets[usize::from(to.is_ipv6())], &bytes, 0, &name);
            world.count(Counter::ProbesSent);
        } else {
            let own = if to.is_ipv6() {
                pool::HOST6.into()
            } else {
                pool::HOST4.into()
            };
            connections.ask(host.then_some(own), to, port);
        }
        if now() > due {
            connections.send();
            due = now() + SECRETS_EVERY * world.pace();
        }
        std::thread::sleep(Duration::from_millis(4 * world.pace()));
    }
}

/// Receives what comes to the servers next door, and sends secrets on connections to
/// them.
pub fn answer(world: World, servers: &[i32]) {
    let (mut data, mut control) = (vec![0; 4096], [0; 256]);
    let mut connections = Connections::new(world);
    let mut due = 0;
    while !world.stopped() {
        for &fd in servers {
            while let Ok(new) = socket::accept(fd, SOCK_NONBLOCK | SOCK_CLOEXEC) {
                connections.add(new);
            }
            while socket::receive(fd, &mut data, &mut control, libc::MSG_DONTWAIT).is_ok() {}
        }
        if now() > due {
            connections.send();
            due = now() + SECRETS_EVERY * world.pace();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Listens on the host, and reports what must not be heard there. Also sends sockets
/// of the host to the mailboxes of the tenants.
pub fn overhear(world: World, ears: &[i32]) {
    let (mut name, mut data, mut control) = ([0; 28], vec![0; 4096], [0; 256]);
    let mut rng = Rng::new(world.seed() ^ 0xea5);
    let mailer =
        socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM | SOCK_CLOEXEC, 0).expect("a socket");
    while !world.stopped() {
        for &fd in ears {
            while let Ok(got) =
                message::receive(fd, &mut name, &mut data, &mut control, libc::MSG_DONTWAIT)
            {
                let local = received::read(&control[..got.control]).local;
                let source = Addr::raw(&name[..got.name]).ip();
                if let (Some(message), Some(local)) = (Message::read(&data[..got.data]), local) {
                    check(world, &message, source, local.to_canonical());
                }
            }
        }
        if rng.percent(10) {
            // Not one of `ears`: a released tenant may bind or connect it, and then it
            // hears no others, and may become the next owner's. The sockets of services
            // are bound already, and tenants have them anyway.
            let service = services::descriptor(rng.below(services::ALL.len()));
            let present = match socket::dup(service) {
                Ok(copy) if rng.percent(30) => copy,
                other => {
                    other.into_iter().for_each(socket::close);
                    net::gift(rng.pick(&addr::WILDCARDS))
                }
            };
            let gift = received::write(libc::SOL_SOCKET, libc::SCM_RIGHTS, &present.to_ne_bytes());
            let name = mailbox(rng.below(2 * SLOTS));
            let out = Outgoing {
                name: &name,
                data: b"a gift",
                control: &gift,
            };
            let _ = socket::send_message(mailer, &out, libc::MSG_DONTWAIT);
            socket::close(present);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn check(world: World, message: &Message, source: IpAddr, local: IpAddr) {
    let bound = world.applies(message.sender, message.time);
    if bound && pool::is_private(source) {
        let facts = format_args!(
            "the host heard {message:?} at {local} from {source}, of the tenant's private loopback"
        );
        world.violation(Counter::MessageViolations, message.sender, facts);
    }
    // The tenant's private loopback.
    let reached = local == pool::RESOLVER && pool::reaches_resolver(message.sender);
    if bound && pool::is_private(local) && !reached {
        let facts = format_args!(
            "the host heard {message:?} at {local}, which was sent on the tenant's private loopback"
        );
        world.violation(Counter::MessageViolations, message.sender, facts);
    }
    // Addresses that have been exclusive for longer than a message can be old.
    if let Some(index) = pool::index_of(local) {
        let owner = world.owner(index);
        let long = crate::message::grace(world) * 5;
        if world.is_bound(owner) && world.is_exclusive(owner) && world.has_for(index, owner, long) {
            let facts = format_args!(
                "the host heard {message:?} at {local}, an exclusive address of tenant {owner}"
            );
            world.violation(Counter::MessageViolations, owner, facts);
        }
    }
}
