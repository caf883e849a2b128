// SPDX-License-Identifier: GPL-2.0

//! Sockets about to be used: `listen()`, `connect()`, and sending.
//!
//! A socket that has an address may be used if the address is in the set. One
//! that has none is bound to a source from the set first: left alone, the
//! protocol would choose any address of the host, or bind the wildcard.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bind::wildcard;
use super::set::SetView;
use super::sockaddr::SockAddr;
use super::verdict::{Family, Refusal, Socket, Source, Usage};

/// Where a message or connection is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere in particular: the message names none.
    None,
    /// To this address.
    To(SockAddr),
}

/// Decides a `listen()` on `socket`. Unbound, it would listen on the wildcard.
#[must_use]
pub fn listen(set: &SetView<'_>, socket: &Socket) -> Usage {
    if !socket.is_unbound() {
        return bound(set, socket);
    }
    let any: IpAddr = match socket.family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    };
    match wildcard(set, socket, any) {
        Some(one) => Usage::BindFirst(Source::Address(one)),
        None => Usage::Deny(Refusal::NotAvailable),
    }
}

/// Decides a `connect()` of `socket` to `addr`.
#[must_use]
pub fn connect(set: &SetView<'_>, socket: &Socket, addr: &SockAddr) -> Usage {
    match addr {
        // Dissolves a connection. An address the socket was bound to stays.
        SockAddr::Unspec(_) => Usage::Allow,
        SockAddr::Other(_) => Usage::Deny(Refusal::FamilyNotSupported),
        _ => choose(set, socket, addr.ip()),
    }
}

/// Decides a message sent on `socket`. `opens` tells a stream socket's
/// `MSG_FASTOPEN`, which connects.
#[must_use]
pub fn send(set: &SetView<'_>, socket: &Socket, opens: bool, to: &Destination) -> Usage {
    if socket.stream && !opens {
        // Without a connection TCP has nothing to send on and binds nothing.
        return if socket.is_unbound() {
            Usage::Allow
        } else {
            bound(set, socket)
        };
    }
    match to {
        Destination::To(SockAddr::Other(_)) => Usage::Deny(Refusal::FamilyNotSupported),
        // On an IPv6 socket AF_UNSPEC means "no destination".
        Destination::To(SockAddr::Unspec(_)) if socket.family == Family::V6 => {
            choose(set, socket, None)
        }
        Destination::To(addr) => choose(set, socket, addr.ip()),
        // Even a message that goes nowhere binds a datagram socket to a port.
        Destination::None => choose(set, socket, None),
    }
}

/// A source for a socket that has none, of the destination's family.
fn choose(set: &SetView<'_>, socket: &Socket, to: Option<IpAddr>) -> Usage {
    if !socket.is_unbound() {
        // For an IPv4 destination a socket bound to an IPv6 address has
        // 127.0.0.1 as its source (`LOOPBACK4_IPV6` in __inet6_bind()).
        let to_v4 = matches!(to, Some(IpAddr::V4(_)));
        let local = socket.local.to_canonical();
        if to_v4 && local.is_ipv6() && !local.is_unspecified() {
            return Usage::Deny(Refusal::NotAvailable);
        }
        return bound(set, socket);
    }
    let families: &[Family] = match (socket.family, to) {
        (Family::V4, _) => &[Family::V4],
        (Family::V6, Some(IpAddr::V4(_))) => &[Family::V4],
        (Family::V6, Some(IpAddr::V6(_))) => &[Family::V6],
        (Family::V6, None) if socket.v6only => &[Family::V6],
        (Family::V6, None) => &[Family::V6, Family::V4],
    };
    match families.iter().find_map(|&f| set.source(f)) {
        Some(source) => Usage::BindFirst(source),
        None => Usage::Deny(Refusal::NotAvailable),
    }
}

/// A socket that has an address or a port: both addresses must be members, as
/// far as they are set, and one must be.
fn bound(set: &SetView<'_>, socket: &Socket) -> Usage {
    let fits = |a: IpAddr| a.to_canonical().is_unspecified() || set.contains(a);
    let has_one = ![socket.local, socket.source]
        .iter()
        .all(|a| a.to_canonical().is_unspecified());
    if has_one && fits(socket.local) && fits(socket.source) {
        Usage::Allow
    } else {
        Usage::Deny(Refusal::NotAvailable)
    }
}
