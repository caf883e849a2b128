// SPDX-License-Identifier: GPL-2.0

//! Which association a socket belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::client::Association;
use crate::commands::exclusive::is_exclusive;
use crate::system::Socket;

/// What decides to which association a socket belongs.
pub struct Owners<'a> {
    /// What the module says.
    by_cookie: BTreeMap<u64, u64>,
    associations: &'a [Association],
    /// The addresses of the machine, if they are known.
    local: Option<BTreeSet<IpAddr>>,
    /// Addresses of sockets that belong to no association.
    of_host: BTreeSet<IpAddr>,
}

impl<'a> Owners<'a> {
    /// `sockets` are all those of the machine, and `by_cookie` is what the module says of them.
    pub fn new(
        by_cookie: BTreeMap<u64, u64>,
        associations: &'a [Association],
        local: Option<Vec<IpAddr>>,
        sockets: &[Socket],
    ) -> Self {
        let is_of_host = |s: &&Socket| !s.is_remnant && !by_cookie.contains_key(&s.cookie);
        let of_host = sockets.iter().filter(is_of_host);
        Self {
            of_host: of_host.map(|socket| socket.local.ip()).collect(),
            by_cookie,
            associations,
            local: local.map(|addrs| addrs.into_iter().collect()),
        }
    }

    /// The association of a socket, if it belongs to one as far as is known.
    pub fn of(&self, socket: &Socket) -> Option<u64> {
        let told = self.by_cookie.get(&socket.cookie).copied();
        told.or_else(|| socket.is_remnant.then(|| self.of_remnant(socket)).flatten())
    }

    /// The module does not tell whose a remnant is. The address does if nobody else can have had
    /// it: one association has it, which is exclusive; no socket of the host is bound to it; and
    /// the connection was not one within the machine, where the host's end may have any address.
    fn of_remnant(&self, socket: &Socket) -> Option<u64> {
        let (addr, remote) = (socket.local.ip(), socket.remote?.ip());
        let is_of_machine = self.local.as_ref().is_none_or(|all| all.contains(&remote));
        if addr.is_loopback() || is_of_machine || self.of_host.contains(&addr) {
            return None;
        }
        let all = self.associations.iter();
        let mut having = all.filter(|a| a.addresses.contains(addr));
        let (first, second) = (having.next()?, having.next());
        (second.is_none() && is_exclusive(first)).then_some(first.id)
    }
}
