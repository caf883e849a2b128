// SPDX-License-Identifier: GPL-2.0

//! TCP services of the host at addresses that become exclusive. One that listens on the wildcard
//! loses them, which nearly every command with `--exclusive` is for: only one with connections
//! there is noted. One that is bound to such an address keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

use addrconf_abi::Target;

use crate::address::AddressSet;
use crate::client::Client;
use crate::commands::open;
use crate::system::{Socket, System};

/// How many services are noted, and how many addresses of one.
const FEW: usize = 3;

/// Services of the host that are concerned when addresses become exclusive.
#[derive(Debug, Default)]
pub struct Services {
    /// Listeners and connections at these addresses, and wildcard listeners.
    sockets: Vec<Held>,
}

/// A socket, and the processes that hold it. There are none if they cannot be seen.
#[derive(Debug)]
struct Held {
    socket: Socket,
    holders: BTreeSet<i32>,
}

impl Services {
    /// Finds the services concerned when `addresses` become exclusive. Leaves out those of
    /// members and of process `pid`, which is about to become one.
    pub fn find(
        system: &dyn System,
        client: &Client<'_>,
        addresses: &AddressSet,
        pid: Option<i32>,
    ) -> Self {
        let all = system.tcp_sockets();
        let is_there = |socket: &&Socket| addresses.contains(socket.local.ip());
        // One that was not accepted yet has no inode and no holder.
        let there = all.iter().filter(is_there).filter(|s| s.inode != 0);
        let there: Vec<_> = there.copied().collect();
        let ports: BTreeSet<_> = there.iter().map(|socket| socket.local.port()).collect();
        let wildcards = all
            .iter()
            .filter(|s| is_wildcard(s) && ports.contains(&s.local.port()));
        let sockets: Vec<_> = there.iter().chain(wildcards).copied().collect();
        if sockets.is_empty() {
            return Self::default();
        }
        let inodes = sockets.iter().map(|socket| socket.inode).collect();
        let holders = system.holders(&inodes);
        let held = sockets.into_iter().map(|socket| Held {
            socket,
            holders: holders.get(&socket.inode).cloned().unwrap_or_default(),
        });
        let joins = |held: &Held| pid.is_some_and(|pid| held.holders.contains(&pid));
        let sockets = held.filter(|held| !joins(held)).collect();
        Self { sockets }.without_members(system, client)
    }

    /// Notes the services, now that the addresses are exclusive. Leaves out those of processes
    /// that have become members meanwhile.
    pub fn note(self, system: &dyn System, client: &Client<'_>) {
        let notes = self.without_members(system, client).notes(system);
        notes.iter().take(FEW).for_each(|note| system.note(note));
        if let Some(more @ 1..) = notes.len().checked_sub(FEW) {
            system.note(&format!(
                "and so on for {more} more: `ss -tlnp` lists what listens"
            ));
        }
    }

    /// Leaves out the sockets that a member holds, as far as the module tells.
    fn without_members(mut self, system: &dyn System, client: &Client<'_>) -> Self {
        let is_member = |pid: i32| {
            let pidfd = open::process(system, pid).ok();
            pidfd.is_some_and(|fd| client.query(Target::PidFd(fd.as_raw_fd())).is_ok())
        };
        let holders = self.sockets.iter().flat_map(|held| &held.holders).copied();
        let holders: BTreeSet<_> = holders.collect();
        let members: BTreeSet<_> = holders.into_iter().filter(|&pid| is_member(pid)).collect();
        self.sockets
            .retain(|held| held.holders.is_disjoint(&members));
        self
    }

    /// The addresses and ports to which listeners are bound, and a process that holds each, if it
    /// can be seen.
    pub fn bound(&self, system: &dyn System) -> BTreeMap<SocketAddr, Option<String>> {
        let bound = self.listeners().filter(|held| !is_wildcard(&held.socket));
        // Of several holders of a port, the first.
        let bound = bound.map(|held| (held.socket.local, held.who(system)));
        bound.rev().collect()
    }

    fn listeners(&self) -> impl DoubleEndedIterator<Item = &Held> {
        self.sockets.iter().filter(|held| held.socket.listens())
    }

    /// A note for each listener that is bound to one of the addresses, and for each wildcard
    /// listener with connections there.
    fn notes(&self, system: &dyn System) -> Vec<String> {
        let all = self.listeners().map(|held| held.socket.local).collect();
        let mut cut_off = BTreeMap::<_, BTreeSet<_>>::new();
        for listener in self.listeners().filter(|held| is_wildcard(&held.socket)) {
            let who = listener.who(system);
            let lost = self.connected_to(&listener.socket, &all);
            if !lost.is_empty() {
                let key = (listener.socket.local.port(), who);
                cut_off.entry(key).or_default().extend(lost);
            }
        }
        let cut_off = cut_off.iter().map(|((port, who), lost)| {
            let listens = match who {
                Some(who) => format!("{who}, which listens on *:{port}"),
                None => format!("the process that listens on *:{port}"),
            };
            format!(
                "new connections to {} port {port} no longer reach {listens}; those that are open \
                 stay: if you are logged in through one, log in at another address before you \
                 close it",
                few(lost)
            )
        });
        let bound = self.bound(system).into_iter().map(|(local, who)| {
            let (addr, port) = (local.ip(), local.port());
            let who = match who {
                Some(who) => format!("{who} is in no association and"),
                None => "a process".to_owned(),
            };
            format!(
                "{who} listens at {addr} port {port}: --exclusive does not keep it off this \
                 address, and members cannot listen there until it stops"
            )
        });
        cut_off.chain(bound).collect()
    }

    /// The addresses at which a wildcard listener has connections, if sockets listen at
    /// `listeners`.
    fn connected_to(
        &self,
        wildcard: &Socket,
        listeners: &BTreeSet<SocketAddr>,
    ) -> BTreeSet<IpAddr> {
        let port = wildcard.local.port();
        let any_v4 = SocketAddr::new([0, 0, 0, 0].into(), port);
        let serves = |addr: IpAddr| match wildcard.local.is_ipv4() {
            true => addr.is_ipv4(),
            false => addr.is_ipv6() || !listeners.contains(&any_v4),
        };
        let there = self.sockets.iter().map(|held| held.socket);
        let connected = there.filter(|s| {
            let is_bound = listeners.contains(&s.local);
            !s.listens() && s.local.port() == port && serves(s.local.ip()) && !is_bound
        });
        connected.map(|s| s.local.ip()).collect()
    }
}

impl Held {
    /// A process that holds it, for messages; not process 1, if another one does.
    fn who(&self, system: &dyn System) -> Option<String> {
        let mut others = self.holders.iter().filter(|&&pid| pid != 1);
        let pid = others.next().or(self.holders.first())?;
        Some(open::named(system, *pid).to_string())
    }
}

fn is_wildcard(socket: &Socket) -> bool {
    socket.listens() && socket.local.ip().is_unspecified()
}

/// The first of some addresses.
fn few(addrs: &BTreeSet<IpAddr>) -> String {
    let first: Vec<_> = addrs.iter().take(FEW).map(ToString::to_string).collect();
    let more = match addrs.len() > FEW {
        true => " and others",
        false => "",
    };
    format!("{}{more}", first.join(", "))
}
