// SPDX-License-Identifier: GPL-2.0

//! Use of sockets: `listen()`, `connect()`, sending and receiving.
//!
//! A socket that is bound to an address may be used if the association owns the
//! address. A socket that is not bound is given a source for each destination:
//! otherwise the protocol could choose any address of the host.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::owner::{is_private_loopback, Owner};
use super::sockaddr::SockAddr;
use super::verdict::{Family, Refusal, Socket, Usage};

/// The destination of a message or connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The message names none.
    None,
    /// This address.
    To(SockAddr),
}

/// Decides a `listen()` on `socket`. A wildcard socket, or one that was never bound,
/// listens on all addresses that the association owns.
///
/// # Errors
///
/// [`Refusal::SocketOutside`] when the socket is bound to another address.
pub fn listen(owner: &Owner<'_>, socket: &Socket) -> Result<(), Refusal> {
    bound(owner, socket)
}

/// Decides a `connect()` of `socket` to `addr`.
#[must_use]
pub fn connect(owner: &Owner<'_>, socket: &Socket, addr: &SockAddr) -> Usage {
    match addr {
        // Dissolves a connection, which must belong to the association. The socket
        // keeps an address that it was bound to.
        SockAddr::Unspec(_) if socket.scoped => Usage::Allow,
        SockAddr::Unspec(_) => Usage::Deny(Refusal::SocketOutside),
        SockAddr::Other(_) => Usage::Deny(Refusal::FamilyMismatch),
        SockAddr::V4(a) => towards(owner, socket, (*a).into()),
        SockAddr::V6(a) => towards(owner, socket, (*a).into()),
    }
}

/// Decides sending a message on `socket`. `opens`: whether a stream socket is sent on
/// with `MSG_FASTOPEN`, which connects it.
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
        // As udpv6_sendmsg() and udp_sendmsg() answer.
        Destination::To(SockAddr::Other(_)) if socket.family == Family::V6 => {
            Usage::Deny(Refusal::Malformed)
        }
        Destination::To(SockAddr::Other(_)) => Usage::Deny(Refusal::FamilyMismatch),
        // On an IPv6 socket AF_UNSPEC means "no destination".
        Destination::To(SockAddr::Unspec(_)) if socket.family == Family::V6 => nowhere,
        Destination::To(addr) => match addr.ip() {
            Some(ip) => towards(owner, socket, ip),
            None => nowhere,
        },
        // At most the socket is bound to a port, on the association's wildcard.
        Destination::None => nowhere,
    }
}

/// Decides receiving and accepting on `socket`, changing it, and taking it from
/// another process. A socket of the association receives only what it may, so it is
/// allowed.
///
/// # Errors
///
/// [`Refusal::SocketOutside`] when the socket belongs to another owner, unless it is a
/// connection on an address of the association.
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
        // Linux takes "this host" for the loopback.
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        to => to,
    };
    if let Err(refusal) = bound(owner, socket) {
        return Usage::Deny(refusal);
    }
    // A connection of another owner may continue, but not to another destination.
    if !socket.scoped {
        return Usage::Deny(Refusal::SocketOutside);
    }
    if !owner.may_reach(to) {
        return Usage::Deny(Refusal::LoopbackOfOther);
    }
    if socket.is_wildcard() {
        return Usage::GiveSource(to);
    }
    // A connection on a former address has its destination: the protocol answers.
    let local = socket.local.to_canonical();
    if owner.owns(local) && !owner.may_send(local, to) {
        return Usage::Deny(Refusal::SourceUnsuitable);
    }
    // For an IPv4 destination, a socket bound to an IPv6 address has 127.0.0.1 as its
    // source (`LOOPBACK4_IPV6` in __inet6_bind()).
    if to.is_ipv4() && socket.local.to_canonical().is_ipv6() {
        return Usage::Deny(Refusal::SourceUnsuitable);
    }
    Usage::Allow
}

/// Decides whether the association may use the socket with its addresses. A
/// connection of another owner may be used on addresses of the association.
///
/// # Errors
///
/// [`Refusal::SocketOutside`] when it may not.
fn bound(owner: &Owner<'_>, socket: &Socket) -> Result<(), Refusal> {
    if socket.scoped && socket.is_wildcard() {
        return Ok(());
    }
    let connection = socket.stream && socket.connected;
    let owns = |addr: IpAddr| {
        owner.owns(addr) || (connection && socket.scoped && owner.former.contains(addr))
    };
    // Usually both are the same: look it up once.
    let addresses = owns(socket.local)
        && (socket.source == socket.local
            || socket.source.to_canonical().is_unspecified()
            || owns(socket.source));
    let allowed = if socket.scoped {
        addresses
    } else {
        // It belongs to another owner. What it sends carries no mark, or another. So
        // it may only continue to send to its peer, and not on a private
        // loopback, which is not the association's.
        connection && addresses && !is_private_loopback(socket.local)
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::SocketOutside)
    }
}
