// SPDX-License-Identifier: GPL-2.0

//! Packets, and the sockets that send and get them: a row for each kind of address.

use std::net::IpAddr;

use super::super::policy::{Found, Origin, Outgoing, Sender};
use super::{is_any, is_loopback, is_own_loopback, Kind, Owned};

impl Owned {
    /// Whether a packet that is no answer may go from one address to another.
    #[must_use]
    pub fn goes(&self, from: IpAddr, to: IpAddr) -> bool {
        match (self.kind(from), self.kind(to)) {
            (Kind::Dedicated, Kind::Dedicated | Kind::OfHost) => true,
            (Kind::Private, Kind::Private | Kind::Member) => true,
            (Kind::Member, Kind::OfHost | Kind::Foreign) => false,
            (Kind::Member, _) => true,
            _ => false,
        }
    }

    /// Whether a packet that answers may go from one address to another.
    fn answers(&self, from: IpAddr, to: IpAddr) -> bool {
        match self.kind(from) {
            // A part that keeps a loopback answers whom it does not know.
            Kind::Private => self.loopback_of != self.id || self.has_or_had(to),
            Kind::Dedicated | Kind::Member | Kind::Former => true,
            Kind::OfHost | Kind::Foreign | Kind::Elsewhere => false,
        }
    }

    /// Whether a socket of the association may send a packet.
    #[must_use]
    pub fn is_sent(&self, sender: Sender, packet: &Outgoing) -> bool {
        let (from, to) = (packet.source, packet.destination);
        let is_seen_outside = !packet.loops && (is_loopback(from) || is_loopback(to));
        let is_mapped = from != from.to_canonical();
        !is_seen_outside
            && !is_mapped
            && match sender {
                Sender::Message | Sender::Opening => self.goes(from, to),
                Sender::Answering => self.answers(from, to),
            }
    }

    /// Whether somebody on the association's private loopback may have sent the packet, as far as
    /// its mark says.
    #[must_use]
    pub fn may_be_of(&self, origin: Origin) -> bool {
        match origin {
            Origin::Unknown => true,
            Origin::Association(id) | Origin::Inward(id) => id == self.loopback_of,
            Origin::Outward(_) | Origin::Outside => false,
        }
    }

    /// Whether the packet is only for those on another private loopback.
    #[must_use]
    pub fn is_inside_another(&self, origin: Origin) -> bool {
        matches!(origin, Origin::Inward(_)) && !self.may_be_of(origin)
    }

    /// Whether a lookup may find a socket of the association for a packet to `addr`.
    #[must_use]
    pub fn is_found_for(&self, addr: IpAddr, origin: Origin) -> bool {
        match self.kind(addr) {
            Kind::Private => self.may_be_of(origin),
            Kind::Dedicated | Kind::Member => !self.is_inside_another(origin),
            Kind::OfHost | Kind::Foreign | Kind::Former | Kind::Elsewhere => false,
        }
    }

    /// Whether a socket of the association gets a packet from `source` to `addr`.
    #[must_use]
    pub fn gets(&self, found: Found, source: IpAddr, addr: IpAddr, origin: Origin) -> bool {
        let is_here = match self.kind(addr) {
            Kind::Former => found == Found::Connection && !self.is_inside_another(origin),
            _ => self.is_found_for(addr, origin),
        };
        // At its dedicated address, it is on the host's loopback.
        let is_on_host = self.kind(addr) == Kind::Dedicated;
        is_here && (is_on_host || !is_own_loopback(source) || self.may_be_of(origin))
    }
}

/// Whether a lookup may find a socket of the host, bound to `bound`, for a packet to `addr`.
#[must_use]
pub fn host_is_found_for(bound: IpAddr, addr: IpAddr, origin: Origin, reserved: bool) -> bool {
    match origin {
        Origin::Inward(_) => false,
        Origin::Association(_) if is_loopback(addr) => false,
        _ => is_own_loopback(addr) || !is_any(bound) || !reserved,
    }
}
