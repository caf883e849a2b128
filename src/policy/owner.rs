// SPDX-License-Identifier: GPL-2.0

//! The addresses that an association owns, as the decisions see them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::set::SetView;

/// What an association owns: its set, a private loopback, and, unless it is a part, a
/// dedicated loopback address through which the host reaches it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Id of the association, not 0. Packets on the loopback interface carry it as
    /// their mark.
    pub id: u32,
    /// The address set.
    pub set: SetView<'a>,
    /// Former addresses: they left the set, and no other association has got them
    /// since. Connections that were made on them continue.
    pub former: SetView<'a>,
    /// Dedicated loopback address in 127.0.0.0/8, not 127.0.0.1. A part has none:
    /// there are too few for one per narrowing.
    pub loopback: Option<Ipv4Addr>,
    /// Whether wildcard sockets of unassociated processes leave the set alone.
    pub exclusive: bool,
}

impl Owner<'_> {
    /// Whether a socket of the association may have this address. IPv4-mapped
    /// addresses count as the IPv4 address they stand for.
    #[must_use]
    #[inline]
    pub fn owns(&self, addr: IpAddr) -> bool {
        match addr.to_canonical() {
            IpAddr::V4(a) => a == Ipv4Addr::LOCALHOST || self.has_v4(a),
            IpAddr::V6(a) => a == Ipv6Addr::LOCALHOST || self.set.contains_v6(a),
        }
    }

    /// Whether this is an address of the set, or the dedicated loopback address.
    #[inline]
    fn has_v4(&self, addr: Ipv4Addr) -> bool {
        self.loopback == Some(addr) || self.set.contains_v4(addr)
    }

    /// Whether a connection of the association may be on this address: one that it
    /// owns, or owned when the connection was made.
    #[must_use]
    pub fn owns_or_owned(&self, addr: IpAddr) -> bool {
        self.owns(addr) || self.former.contains(addr)
    }

    /// Whether others may reach the association at this address: one of the set, or
    /// the dedicated loopback address.
    #[must_use]
    #[inline]
    pub fn owns_publicly(&self, addr: IpAddr) -> bool {
        match addr.to_canonical() {
            IpAddr::V4(a) => a != Ipv4Addr::LOCALHOST && self.has_v4(a),
            IpAddr::V6(a) => a != Ipv6Addr::LOCALHOST && self.set.contains_v6(a),
        }
    }

    /// Whether this is its dedicated loopback address.
    #[must_use]
    pub fn has_dedicated(&self, addr: IpAddr) -> bool {
        self.loopback.is_some_and(|own| addr.to_canonical() == own)
    }

    /// Whether the association may send to this address: to any but a loopback
    /// address that it does not own.
    #[must_use]
    pub fn may_reach(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        !addr.is_loopback() || self.owns(addr)
    }
}

/// Whether this is `127.0.0.1` or `::1`, of which every association has its own, and
/// so has the host.
#[must_use]
pub fn is_private_loopback(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => a == Ipv4Addr::LOCALHOST,
        IpAddr::V6(a) => a == Ipv6Addr::LOCALHOST,
    }
}
