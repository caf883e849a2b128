// SPDX-License-Identifier: GPL-2.0

//! The addresses that an association owns, as the decisions see them.
//!
//! Loopback addresses are never in a set. Each association has a *private loopback*: 127.0.0.0/8
//! but for 127.64.0.0/10, and `::1`. It is not on the host's. There it has at most one address,
//! its dedicated one, from 127.64.0.0/10. Through this the host reaches it, and from there it
//! reaches those addresses of the host's loopback that its terms let it have.
//!
//! A part may keep the private loopback of its whole. Then the loopback has one owner, and
//! several associations are on it, as programs are on the loopback of one host.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::abi::HostLoopback;
use super::set::SetView;

/// What an association owns: its set, a private loopback, which it may have in common with its
/// whole, and, unless it is a part, a dedicated loopback address through which the host reaches
/// it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Id of the association, not 0.
    pub id: u32,
    /// The owner of its private loopback, by id: the association itself or, for a part that keeps
    /// the loopback of its whole, the owner of that. Packets that it sends carry this as their
    /// mark.
    pub loopback_of: u32,
    /// The address set.
    pub set: SetView<'a>,
    /// Former addresses: they left the set, and no other association has got them
    /// since. Connections that were made on them continue.
    pub former: SetView<'a>,
    /// Dedicated loopback address. A part has none: there are too few for one per
    /// narrowing.
    pub loopback: Option<Ipv4Addr>,
    /// Addresses of the host's loopback that the owner of its private loopback reaches, in place
    /// of those of the private loopback. Only from a dedicated address are they reached.
    pub host_loopback: Option<HostLoopback>,
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
            IpAddr::V4(a) if a.is_loopback() => self.has_dedicated(addr) || self.has_private(addr),
            IpAddr::V4(a) => self.set.contains_v4(a),
            IpAddr::V6(a) => a == Ipv6Addr::LOCALHOST || self.set.contains_v6(a),
        }
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
            IpAddr::V4(a) if a.is_loopback() => self.has_dedicated(addr),
            IpAddr::V4(a) => self.set.contains_v4(a),
            IpAddr::V6(a) => a != Ipv6Addr::LOCALHOST && self.set.contains_v6(a),
        }
    }

    /// Whether this is an address of its private loopback.
    #[must_use]
    pub fn has_private(&self, addr: IpAddr) -> bool {
        is_private_loopback(addr) && !self.is_of_host(addr)
    }

    /// Whether it has the private loopback of another association, of which it is a part.
    #[must_use]
    pub fn keeps_loopback(&self) -> bool {
        self.loopback_of != self.id
    }

    /// Whether the private loopback leaves this address to the host's loopback.
    fn is_of_host(&self, addr: IpAddr) -> bool {
        match (self.host_loopback, addr.to_canonical()) {
            (Some(net), IpAddr::V4(a)) => {
                (self.loopback.is_some() || self.keeps_loopback()) && net.contains(a)
            }
            _ => false,
        }
    }

    /// Whether this is an address of the host's loopback that the association reaches.
    fn has_of_host(&self, addr: IpAddr) -> bool {
        self.loopback.is_some() && self.is_of_host(addr)
    }

    /// Whether this is its dedicated loopback address.
    #[must_use]
    pub fn has_dedicated(&self, addr: IpAddr) -> bool {
        self.loopback.is_some_and(|own| addr.to_canonical() == own)
    }

    /// Whether the association may send to this address: to any but a loopback
    /// address that is neither its own nor one of the host's that it reaches.
    #[must_use]
    pub fn may_reach(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        !addr.is_loopback() || self.owns(addr) || self.has_of_host(addr)
    }

    /// Whether a packet may go from one address to another, which is neither an answer nor
    /// IPv4-mapped.
    ///
    /// A receiver outside would take a loopback source for an address of its own loopback. So
    /// the private loopback reaches what the association owns, and only the dedicated address
    /// is on the host's loopback.
    #[must_use]
    pub fn may_send(&self, from: IpAddr, to: IpAddr) -> bool {
        if !self.owns(from) {
            false
        } else if self.has_dedicated(from) {
            self.has_dedicated(to) || self.has_of_host(to)
        } else if from.is_loopback() {
            self.owns(to) && !self.has_dedicated(to)
        } else {
            !to.is_loopback() || self.owns(to)
        }
    }

    /// The source for a loopback destination that [`Self::may_reach`] permits: 127.0.0.1, as a
    /// host without rules chooses, `::1`, or the dedicated address.
    #[must_use]
    pub fn loopback_source(&self, to: IpAddr) -> Option<IpAddr> {
        match to {
            _ if !self.has_private(to) => self.loopback.map(IpAddr::V4),
            IpAddr::V4(_) => Some(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(_) => Some(Ipv6Addr::LOCALHOST.into()),
        }
    }
}

/// Whether this is a loopback address of which every association has its own, and so has the
/// host: `::1`, or one of 127.0.0.0/8 that no association has as its dedicated one.
#[must_use]
pub fn is_private_loopback(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => a.is_loopback() && !HostLoopback::is_dedicated(a),
        IpAddr::V6(a) => a == Ipv6Addr::LOCALHOST,
    }
}
