// SPDX-License-Identifier: GPL-2.0

//! Sends to all addresses what only their owners may receive, from next door
//! and from the host; answers what tenants send there; listens on the host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use libc::{AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM};

use crate::addr::{self, HOST_PORT, PORTS};
use crate::message::Message;
use crate::net;
use crate::ops::mailbox;
use crate::pool;
use crate::received;
use crate::rng::Rng;
use crate::sys::socket::{self, Outgoing};
use crate::world::{Counter, World, SLOTS};

/// Sends probes until all is over. `sockets`: UDP, for each family.
pub fn send(world: World, sockets: [i32; 2], host: bool) {
    let mut rng = Rng::new(world.seed() ^ u64::from(host) ^ 0xb0b0);
    let mut connections: Vec<(i32, IpAddr)> = Vec::new();
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
        let name = addr::bytes(to, port);
        if rng.percent(70) {
            let bytes = Message::new(0, Some(to), false).bytes(64);
            let _ = socket::send_to(sockets[usize::from(to.is_ipv6())], &bytes, 0, &name);
            world.count(Counter::ProbesSent);
        } else if connections.len() < 48 {
            let family = if to.is_ipv6() { AF_INET6 } else { AF_INET };
            if let Ok(fd) = socket::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) {
                if host {
                    let own = if to.is_ipv6() {
                        pool::HOST6.into()
                    } else {
                        pool::HOST4.into()
                    };
                    let _ = socket::bind(fd, &addr::bytes(own, 0));
                }
                let _ = socket::connect(fd, &name);
                connections.push((fd, to));
            }
        }
        if connections.len() >= 48 || rng.percent(5) {
            for (fd, to) in connections.drain(..) {
                let bytes = Message::new(0, Some(to), true).bytes(64);
                if socket::send_to(fd, &bytes, libc::MSG_DONTWAIT, &[]).is_ok() {
                    world.count(Counter::ProbesSent);
                }
                socket::close(fd);
            }
        }
        std::thread::sleep(Duration::from_millis(4 * world.pace()));
    }
}

/// Takes what comes to the servers next door.
pub fn answer(world: World, servers: &[i32]) {
    let (mut data, mut control) = (vec![0; 4096], [0; 256]);
    let mut open: Vec<i32> = Vec::new();
    while !world.stopped() {
        for &fd in servers {
            while let Ok(new) = socket::accept(fd, SOCK_NONBLOCK | SOCK_CLOEXEC) {
                open.push(new);
            }
            while socket::receive(fd, &mut data, &mut control, libc::MSG_DONTWAIT).is_ok() {}
        }
        for &fd in &open {
            while socket::receive(fd, &mut data, &mut control, libc::MSG_DONTWAIT)
                .is_ok_and(|got| got.data > 0)
            {}
        }
        if open.len() > 64 {
            open.drain(..32).for_each(socket::close);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Listens on the host: what must not be heard there is a violation. Also puts
/// sockets of the host into the mailboxes of the tenants.
pub fn overhear(world: World, ears: &[i32]) {
    let (mut data, mut control) = (vec![0; 4096], [0; 256]);
    let mut rng = Rng::new(world.seed() ^ 0xea5);
    let mailer =
        socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM | SOCK_CLOEXEC, 0).expect("a socket");
    while !world.stopped() {
        for &fd in ears {
            while let Ok(got) = socket::receive(fd, &mut data, &mut control, libc::MSG_DONTWAIT) {
                let local = received::read(&control[..got.control]).local;
                if let (Some(message), Some(local)) = (Message::read(&data[..got.data]), local) {
                    check(world, &message, local.to_canonical());
                }
            }
        }
        if rng.percent(10) {
            // Not one of the ears: whoever is free may bind or connect it, and then
            // it hears no others, and may become the next owner's.
            let present = net::gift(rng.pick(&addr::WILDCARDS));
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

fn check(world: World, message: &Message, local: IpAddr) {
    let bound = world.applies(message.sender, message.time);
    // A tenant's own loopback.
    if bound
        && pool::is_loopback(local)
        && (local.is_ipv6() || local == IpAddr::from([127, 0, 0, 1]))
    {
        let facts = format_args!("the host heard {message:?} at {local}");
        world.violation(Counter::MessageViolations, message.sender, facts);
    }
    // Exclusive addresses, those for long enough that the message is not older.
    if let Some(index) = pool::index_of(local) {
        let owner = world.owner(index);
        let long = crate::message::grace(world) * 5;
        if world.is_bound(owner) && world.is_exclusive(owner) && world.has_for(index, owner, long) {
            let facts = format_args!("the host heard {message:?} at {local}, exclusive");
            world.violation(Counter::MessageViolations, owner, facts);
        }
    }
}
