// SPDX-License-Identifier: GPL-2.0

//! Secrets on connections. The far end of a tenant's connection keeps sending what
//! only the owner of the address at that moment may read.

use std::net::IpAddr;

use libc::{AF_INET, AF_INET6, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM};

use crate::message::{grace, Message, Way};
use crate::socket;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::world::{Counter, Tenant, World};
use crate::{addr, pool};

/// The length of a secret. Divides what is read at a time, so each is read whole.
const LENGTH: usize = 64;
/// The most connections at a time.
const MOST: usize = 96;

/// Connections to which secrets are sent.
pub struct Connections {
    world: World,
    /// Each descriptor, with the tenant's address.
    open: Vec<(i32, IpAddr)>,
}

impl Connections {
    /// No connections.
    pub fn new(world: World) -> Self {
        let open = Vec::new();
        Self { world, open }
    }

    /// Takes over the connection on `fd`. Closes it if its peer has no address of the
    /// pool. Closes the oldest connection when there are too many.
    pub fn add(&mut self, fd: i32) {
        let name = socket::peer_name(fd).unwrap_or_default();
        match addr::read(&name) {
            Some(from) if pool::index_of(from).is_some() => self.keep(fd, from),
            _ => socket::close(fd),
        }
    }

    fn keep(&mut self, fd: i32, with: IpAddr) {
        self.open.push((fd, with));
        if self.open.len() > MOST {
            socket::close(self.open.remove(0).0);
        }
    }

    /// Connects to this address, from `from` if given.
    pub fn ask(&mut self, from: Option<IpAddr>, to: IpAddr, port: u16) {
        let family = if to.is_ipv6() { AF_INET6 } else { AF_INET };
        let Ok(fd) = socket::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) else {
            return;
        };
        if let Some(from) = from {
            let _ = socket::bind(fd, &addr::bytes(from, 0));
        }
        match socket::connect(fd, &addr::bytes(to, port)) {
            Err(e) if errno(&e) != libc::EINPROGRESS => socket::close(fd),
            _ => self.keep(fd, to),
        }
    }

    /// Sends a secret on each connection, and drops those that have ended.
    pub fn send(&mut self) {
        let world = self.world;
        let mut data = [0; 4096];
        self.open.retain(|&(fd, to)| {
            // Unread, what the tenant sends would fill the buffers.
            while socket::receive(fd, &mut data, &mut [], MSG_DONTWAIT).is_ok_and(|g| g.data > 0) {}
            let bytes = Message::new(0, Some(to), true).bytes(LENGTH);
            match socket::send_to(fd, &bytes, MSG_DONTWAIT, &[]) {
                Ok(_) => world.count(Counter::Secrets),
                // Not connected yet, or the tenant does not read.
                Err(e) if errno(&e) == libc::EAGAIN => {}
                Err(_) => {
                    socket::close(fd);
                    return false;
                }
            }
            true
        });
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.open.drain(..).for_each(|(fd, _)| socket::close(fd));
    }
}

/// Checks each secret in what a tenant read on a connection.
pub fn check(world: World, tenant: Tenant, data: &[u8], way: &Way) {
    let mut at = 0;
    while let Some(rest) = data.get(at..) {
        match Message::read(rest) {
            Some(message) if message.sender == 0 && message.stream => {
                check_one(world, tenant, &message, way);
                at += LENGTH;
            }
            Some(_) => at += LENGTH,
            None if rest.is_empty() => break,
            // Reads of other lengths may have come before.
            None => at += 1,
        }
    }
}

fn check_one(world: World, tenant: Tenant, message: &Message, way: &Way) {
    let Some((to, index)) = message.to.and_then(|to| Some((to, pool::index_of(to)?))) else {
        return;
    };
    world.count(Counter::SecretsRead);
    let time = message.time;
    // A connection that was made before its process was associated waits, with the
    // data sent to it, until the tenant has the address.
    if !world.applies(tenant, time)
        || world.may_be_connected(index, tenant, time, grace(world))
        || world.had(index, tenant, time, now())
    {
        return;
    }
    let facts = format_args!(
        "it read on a connection at {to} a secret sent at {} ms, when the address was not its own \
         any more: owners {}; read in a call since {} ns with flags {:x} on socket {}; {}",
        time / 1_000_000,
        world.history(index),
        way.began,
        way.flags,
        socket::describe(way.fd),
        world.about(tenant),
    );
    world.violation(Counter::StreamViolations, tenant, facts);
}
