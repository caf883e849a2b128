// SPDX-License-Identifier: GPL-2.0

//! Sockets about to be used: `listen()`, `connect()`, and sending.
//!
//! A socket that is bound to an address may be used if the association owns
//! it. One that is not is given a source for each destination: left alone, the
//! protocol would choose any address of the host.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::owner::{is_private_loopback, Owner};
use super::sockaddr::SockAddr;
use super::verdict::{Family, Refusal, Socket, Usage};

/// Where a message or connection is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere in particular: the message names none.
    None,
    /// To this address.
    To(SockAddr),
}

/// Decides a `listen()` on `socket`. A wildcard, or a socket that was never
/// bound, listens on all that the association owns.
///
/// # Errors
///
/// [`Refusal::NotAvailable`] when the socket is bound elsewhere.
pub fn listen(owner: &Owner<'_>, socket: &Socket) -> Result<(), Refusal> {
    bound(owner, socket)
}

/// Decides a `connect()` of `socket` to `addr`.
#[must_use]
pub fn connect(owner: &Owner<'_>, socket: &Socket, addr: &SockAddr) -> Usage {
    match addr {
        // Dissolves a connection, which must be the association's own. An address
        // the socket was bound to stays.
        SockAddr::Unspec(_) if socket.scoped => Usage::Allow,
        SockAddr::Unspec(_) => Usage::Deny(Refusal::NotAvailable),
        SockAddr::Other(_) => Usage::Deny(Refusal::FamilyNotSupported),
        SockAddr::V4(a) => towards(owner, socket, (*a).into()),
        SockAddr::V6(a) => towards(owner, socket, (*a).into()),
    }
}

/// Decides a message sent on `socket`. `opens` tells a stream socket's
/// `MSG_FASTOPEN`, which connects.
#[must_use]
pub fn send(owner: &Owner<'_>, socket: &Socket, opens: bool, to: &Destination) -> Usage {
    let nowhere = match bound(owner, socket) {
        Ok(()) => Usage::Allow,
        Err(refusal) => Usage::Deny(refusal),
    };
    if socket.stream && !opens {
        return nowhere;
    }
    match to {
        // As udpv6_sendmsg() and udp_sendmsg() have it.
        Destination::To(SockAddr::Other(_)) if socket.family == Family::V6 => {
            Usage::Deny(Refusal::Invalid)
        }
        Destination::To(SockAddr::Other(_)) => Usage::Deny(Refusal::FamilyNotSupported),
        // On an IPv6 socket AF_UNSPEC means "no destination".
        Destination::To(SockAddr::Unspec(_)) if socket.family == Family::V6 => nowhere,
        Destination::To(addr) => match addr.ip() {
            Some(ip) => towards(owner, socket, ip),
            None => nowhere,
        },
        // At most the socket gets a port, on a wildcard that is the owner's.
        Destination::None => nowhere,
    }
}

/// Decides receiving and accepting on `socket`, changing it, and taking it from
/// another process. What belongs to the association receives only what it may.
///
/// # Errors
///
/// [`Refusal::NotAvailable`] when the socket is somebody else's.
pub fn receive(owner: &Owner<'_>, socket: &Socket) -> Result<(), Refusal> {
    if socket.scoped {
        Ok(())
    } else {
        bound(owner, socket)
    }
}

/// Decides sending to `to`.
fn towards(owner: &Owner<'_>, socket: &Socket, to: IpAddr) -> Usage {
    let to = match to.to_canonical() {
        // "This host" is the loopback, for Linux.
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        to => to,
    };
    if let Err(refusal) = bound(owner, socket) {
        return Usage::Deny(refusal);
    }
    // Somebody else's connection may go on, but not to another end.
    if !socket.scoped {
        return Usage::Deny(Refusal::NotAvailable);
    }
    if !owner.may_reach(to) {
        return Usage::Deny(Refusal::Unreachable);
    }
    if socket.is_wildcard() {
        return Usage::GiveSource(to);
    }
    // Whoever got it would take it for its own loopback.
    if socket.local.to_canonical().is_loopback() && !to.is_loopback() {
        return Usage::Deny(Refusal::NotAvailable);
    }
    // For an IPv4 destination a socket bound to an IPv6 address has 127.0.0.1
    // as its source (`LOOPBACK4_IPV6` in __inet6_bind()).
    if to.is_ipv4() && socket.local.to_canonical().is_ipv6() {
        return Usage::Deny(Refusal::NotAvailable);
    }
    Usage::Allow
}

/// Whether the association may use the socket and what it is bound to.
fn bound(owner: &Owner<'_>, socket: &Socket) -> Result<(), Refusal> {
    let connection = socket.stream && socket.connected;
    let owns = |addr: IpAddr| {
        owner.owns(addr) || (connection && socket.scoped && owner.owns_or_owned(addr))
    };
    let addresses = owns(socket.local)
        && (socket.source.to_canonical().is_unspecified() || owns(socket.source));
    let allowed = if socket.scoped {
        socket.is_wildcard() || addresses
    } else {
        // Somebody else's. What it sends carries no mark, or another, so it
        // may only go on where it is connected to, and that not on a loopback,
        // which is not the owner's.
        connection && addresses && !is_private_loopback(socket.local)
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::NotAvailable)
    }
}
