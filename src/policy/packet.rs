// SPDX-License-Identifier: GPL-2.0

//! The last word on packets, whatever path they took: those a socket of an
//! association sends, and those it was found for.

use core::net::IpAddr;

use super::owner::{is_private_loopback, Owner};
use super::scope::Origin;

/// What a socket that sends a packet is at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Not of a stream: what it sends goes where the sender wants.
    Message,
    /// Of a stream, and asking for a connection.
    Opening,
    /// Of a stream, and answering or connected.
    Answering,
}

/// A packet on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its source address.
    pub source: IpAddr,
    /// Its destination address.
    pub destination: IpAddr,
    /// Whether it leaves by the loopback interface, or by that of a VRF, where a
    /// machine reaches its loopback addresses.
    pub loops: bool,
}

impl Outgoing {
    /// Whether a loopback address would be seen outside this machine. A message
    /// can have the route of its first part and the addresses of its last
    /// (`ip_push_pending_frames()` as `net/ipv4/raw.c` and `ping.c` call it).
    fn escapes(&self) -> bool {
        !self.loops
            && [self.source, self.destination]
                .iter()
                .any(|addr| addr.to_canonical().is_loopback())
    }
}

/// Whether a socket of `owner` may send a packet.
///
/// Whoever got a packet from a loopback address at another one would take it
/// for its own loopback; only a connection that was asked for there is
/// answered. And the loopback addresses of others are out of reach.
///
/// An IPv4-mapped source in an IPv6 packet is nobody's: receivers take it for the
/// IPv4 address, which Linux checks in TCP only (`tcp_v6_conn_request()`).
#[must_use]
pub fn sends(owner: &Owner<'_>, sender: Sender, packet: &Outgoing) -> bool {
    let &Outgoing {
        source,
        destination,
        ..
    } = packet;
    if source != source.to_canonical() || packet.escapes() {
        return false;
    }
    if sender == Sender::Answering {
        // A connection on an address that left the set goes on. On the private
        // loopback its other end is the owner's, too.
        return owner.owns_or_owned(source)
            && (!is_private_loopback(source) || owner.owns_or_owned(destination));
    }
    let disguised = source.is_loopback() && !destination.is_loopback();
    owner.owns(source) && !disguised && owner.may_reach(destination)
}

/// As what a socket was found for a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Bound suitably.
    Unconnected,
    /// The packet belongs to its connection, whose address may have left the
    /// set.
    Connection,
}

/// The last word on a packet to `addr` that a socket of `owner` was found for,
/// in whatever way.
#[must_use]
pub fn delivers(owner: &Owner<'_>, found: Found, addr: IpAddr, origin: Origin) -> bool {
    if is_private_loopback(addr) {
        origin.may_be(owner)
    } else {
        owner.owns_publicly(addr) || (found == Found::Connection && owner.owns_or_owned(addr))
    }
}
