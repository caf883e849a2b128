// SPDX-License-Identifier: GPL-2.0

//! The scope of sockets: which packets a socket receives, and whether two sockets on
//! one port could receive the same packet.

use core::net::IpAddr;

use super::owner::{is_private_loopback, Owner};

/// A socket on some port: its owner and the address it is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The association it belongs to, if any.
    pub owner: Option<Owner<'a>>,
    /// The address it is bound to, or unspecified for the wildcard.
    pub local: IpAddr,
    /// Whether it receives IPv4: all `AF_INET` sockets, and those of `AF_INET6` that
    /// are not `IPV6_V6ONLY`.
    pub v4: bool,
    /// Whether it receives IPv6: all `AF_INET6` sockets.
    pub v6: bool,
    /// For a timewait socket, the rest of a connection: the owner of the private loopback
    /// that the connection was on, as [`Holder::loopback_of`] returns it. A timewait socket
    /// itself has no owner.
    pub timewait: Option<u32>,
}

/// The relation of two sockets on one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The kernel's ordinary rules apply.
    Compete,
    /// They conflict where their addresses overlap, and must not share the port.
    Exclude,
    /// No packet exists that both could receive.
    Apart,
}

/// Where a packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// There is no packet: the stack looks for a socket for another reason.
    Unknown,
    /// An association sent it whose private loopback is that of the association with this id.
    Association(u32),
    /// It did so from this loopback, for those only who are on it.
    Inward(u32),
    /// It did so from its dedicated address to the host's loopback.
    Outward(u32),
    /// It comes from another host, or from an unassociated socket of this host.
    Outside,
}

impl Origin {
    /// Whether a packet on the private loopback may come from who is on that of `owner`.
    pub(super) fn may_be(self, owner: &Owner<'_>) -> bool {
        match self {
            Origin::Unknown => true,
            Origin::Association(id) | Origin::Inward(id) => id == owner.loopback_of,
            Origin::Outward(_) | Origin::Outside => false,
        }
    }

    /// Whether it is only for those on another private loopback than that of `owner`.
    pub(super) fn is_inward_of_other(self, owner: &Owner<'_>) -> bool {
        matches!(self, Origin::Inward(id) if id != owner.loopback_of)
    }
}

impl Holder<'_> {
    /// Whether it is a timewait socket.
    fn waits(&self) -> bool {
        self.timewait.is_some()
    }

    /// The owner of its private loopback: an association, by id, or 0 for the host.
    fn loopback_of(&self) -> u32 {
        let owner = self.owner.map_or(0, |o| o.loopback_of);
        self.timewait.unwrap_or(owner)
    }

    /// Whether it is bound to an address of which every association has its own.
    fn is_on_loopback(&self) -> bool {
        self.specific().is_some_and(is_private_loopback)
    }

    fn is_wildcard(&self) -> bool {
        self.local.to_canonical().is_unspecified()
    }

    /// Whether it is bound to an address that has left its owner's set. It no longer
    /// receives anything there, except on its own connections.
    fn is_stranded(&self) -> bool {
        match (&self.owner, self.specific()) {
            (Some(owner), Some(addr)) => !self.waits() && !owner.owns(addr),
            _ => false,
        }
    }

    /// The address it is bound to, unless that is the wildcard.
    fn specific(&self) -> Option<IpAddr> {
        (!self.is_wildcard()).then(|| self.local.to_canonical())
    }
}

/// Compares two sockets on one port of one network namespace. Symmetric.
#[must_use]
pub fn compare(a: &Holder<'_>, b: &Holder<'_>) -> Relation {
    let (ida, idb) = (a.owner.map(|o| o.id), b.owner.map(|o| o.id));
    let waits = a.waits() || b.waits();
    if ida == idb && !waits {
        return Relation::Compete;
    }
    if a.is_stranded() || b.is_stranded() {
        return Relation::Apart;
    }
    if a.is_on_loopback() || b.is_on_loopback() {
        // Those on one private loopback are like sockets of one host. The private loopbacks of
        // two owners are different addresses that are written alike.
        return match a.loopback_of() == b.loopback_of() {
            true => Relation::Compete,
            false => Relation::Apart,
        };
    }
    let overlap = match (a.specific(), b.specific()) {
        (None, None) => wildcards_overlap(a, b),
        (Some(addr), None) => wildcard_takes(b, a, addr),
        (None, Some(addr)) => wildcard_takes(a, b, addr),
        // The kernel compares the addresses itself.
        (Some(_), Some(_)) => true,
    };
    if !overlap {
        Relation::Apart
    } else if waits {
        Relation::Compete
    } else {
        Relation::Exclude
    }
}

/// Whether two wildcard sockets of different owners have an address in common.
fn wildcards_overlap(a: &Holder<'_>, b: &Holder<'_>) -> bool {
    let (v4, v6) = (a.v4 && b.v4, a.v6 && b.v6);
    match (&a.owner, &b.owner) {
        // They also stand for 127.0.0.1 and `::1`.
        (Some(x), Some(y)) if x.loopback_of == y.loopback_of => v4 || v6,
        (Some(x), Some(y)) => x.set.intersects(&y.set, v4, v6),
        // The host has all addresses except exclusive ones. A dedicated loopback
        // address is always exclusive.
        (Some(owner), None) | (None, Some(owner)) => !owner.exclusive && owner.set.has_any(v4, v6),
        (None, None) => true,
    }
}

/// Whether the wildcard socket `wild` stands for `addr`, to which `holder`, a socket
/// of another owner, is bound, and which is on no private loopback.
fn wildcard_takes(wild: &Holder<'_>, holder: &Holder<'_>, addr: IpAddr) -> bool {
    match (&wild.owner, &holder.owner) {
        // The host is never refused a dedicated address. Its socket wins there: the
        // stack finds a socket bound to the address before a wildcard.
        (Some(owner), None) if !holder.waits() => owner.owns(addr) && !owner.has_dedicated(addr),
        (Some(owner), _) => owner.owns(addr),
        (None, Some(owner)) => !owner.exclusive && !owner.has_dedicated(addr),
        (None, None) => true,
    }
}

/// Whether an unassociated socket of a tunnel takes a packet. The host would receive
/// its payload as if the other end of the tunnel had sent it.
#[must_use]
pub fn enters_tunnel(origin: Origin) -> bool {
    matches!(origin, Origin::Unknown | Origin::Outside)
}

/// Whether a socket, whose binding matches `addr`, takes a packet to `addr`.
/// `reserved`: whether an exclusive association has that address.
#[must_use]
pub fn receives(
    owner: Option<&Owner<'_>>,
    bound: IpAddr,
    addr: IpAddr,
    origin: Origin,
    reserved: bool,
) -> bool {
    let addr = addr.to_canonical();
    let wildcard = bound.to_canonical().is_unspecified();
    match owner {
        Some(owner) if is_private_loopback(addr) => owner.has_private(addr) && origin.may_be(owner),
        Some(owner) => owner.owns_publicly(addr) && !origin.is_inward_of_other(owner),
        None if matches!(origin, Origin::Inward(_)) => false,
        // An association reaches a socket of the host on a loopback address only where its
        // terms let it, and not at its dedicated address, even if the host uses that.
        None if addr.is_loopback() && matches!(origin, Origin::Association(_)) => false,
        None => is_private_loopback(addr) || !(wildcard && reserved),
    }
}
