// SPDX-License-Identifier: GPL-2.0

//! The last check of every packet, whatever path it took: those that a socket of an
//! association sends, and those that the stack delivers to one.

use core::net::IpAddr;

use super::owner::{is_private_loopback, Owner};
use super::scope::Origin;

/// The state of a socket when it sends a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Not a stream socket: the sender chooses the destination of each packet.
    Message,
    /// A stream socket that requests a connection.
    Opening,
    /// A stream socket that answers such a request, or is connected.
    Answering,
}

/// A packet that a socket sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its source address.
    pub source: IpAddr,
    /// Its destination address.
    pub destination: IpAddr,
    /// Whether it leaves through the loopback interface, or through that of a VRF,
    /// where a machine reaches its loopback addresses.
    pub loops: bool,
}

impl Outgoing {
    /// Whether a loopback address would be seen outside this machine. A message can
    /// have the route of its first part and the addresses of its last
    /// (`ip_push_pending_frames()`, as `net/ipv4/raw.c` and `ping.c` call it).
    fn escapes(&self) -> bool {
        !self.loops
            && [self.source, self.destination]
                .iter()
                .any(|addr| addr.to_canonical().is_loopback())
    }
}

/// Whether a socket of `owner` may send a packet.
///
/// A receiver at another address would take a packet from a loopback address for one
/// of its own loopback. So only answers leave the loopback, to the peer that requested
/// the connection. The loopback addresses of others are out of reach.
///
/// An IPv4-mapped source in an IPv6 packet belongs to no owner. Receivers take it for
/// the IPv4 address; Linux checks for that in TCP only (`tcp_v6_conn_request()`).
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
        // A connection on an address that left the set continues. On the private
        // loopback the other end belongs to the owner too.
        return owner.owns_or_owned(source)
            && (!is_private_loopback(source) || owner.owns_or_owned(destination));
    }
    let disguised = source.is_loopback() && !destination.is_loopback();
    owner.owns(source) && !disguised && owner.may_reach(destination)
}

/// How a socket was found for a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The socket is bound to the packet's address, or to the wildcard.
    Unconnected,
    /// The packet belongs to the socket's connection, whose address may have left the
    /// set.
    Connection,
}

/// The last check of an incoming packet: whether a socket of `owner` receives a
/// packet to `addr`, however the stack found the socket.
#[must_use]
pub fn delivers(owner: &Owner<'_>, found: Found, addr: IpAddr, origin: Origin) -> bool {
    if is_private_loopback(addr) {
        origin.may_be(owner)
    } else {
        owner.owns_publicly(addr) || (found == Found::Connection && owner.former.contains(addr))
    }
}
