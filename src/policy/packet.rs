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
/// See [`Owner::may_send`]. Only answers leave the dedicated address for any other of the host's
/// loopback, to the peer that requested the connection.
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
        // loopback the other end belongs to the owner too, or to another on that loopback, who
        // may have any address of the whole. Nobody else takes such a packet.
        return owner.owns_or_owned(source)
            && (!is_private_loopback(source)
                || owner.keeps_loopback()
                || owner.owns_or_owned(destination));
    }
    owner.may_send(source, destination.to_canonical())
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
/// packet from `source` to `addr`, however the stack found the socket.
///
/// A packet of the host's own loopback is not for it, except at its dedicated address: it would
/// take the source for an address of its own loopback.
#[must_use]
pub fn delivers(
    owner: &Owner<'_>,
    found: Found,
    source: IpAddr,
    addr: IpAddr,
    origin: Origin,
) -> bool {
    if origin.is_inward_of_other(owner) {
        return false;
    }
    if is_private_loopback(addr) {
        return owner.has_private(addr) && origin.may_be(owner);
    }
    let inward = is_private_loopback(source) && !owner.has_dedicated(addr);
    (!inward || origin.may_be(owner))
        && (owner.owns_publicly(addr)
            || (found == Found::Connection && owner.former.contains(addr)))
}
