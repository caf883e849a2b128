// SPDX-License-Identifier: GPL-2.0

//! What sockets stand for: which packets one receives, and whether two on one
//! port could receive the same.

use core::net::IpAddr;

use super::owner::{is_private_loopback, Owner};

/// How many sockets a tenant, an association with all its parts, may have on one
/// port, but for connections. Every packet to the port looks at all that are bound
/// to the wildcard there, until it finds one that takes it.
pub const MAX_ON_PORT: u32 = 256;

/// Whether a socket counts among those on its port: not a connection, unless it goes
/// back, when it is disconnected, to where others' packets look at it. That is the
/// wildcard, and the loopback address, which everybody has.
#[must_use]
pub fn crowds(connected: bool, port_kept: bool, address_kept: bool, local: IpAddr) -> bool {
    !connected || (port_kept && (!address_kept || is_private_loopback(local)))
}

/// A socket on some port: whose it is and what it is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The association it belongs to, if any.
    pub owner: Option<Owner<'a>>,
    /// The address it is bound to, or unspecified for the wildcard.
    pub local: IpAddr,
    /// It receives IPv4: all `AF_INET` sockets, and those of `AF_INET6` that
    /// are not `IPV6_V6ONLY`.
    pub v4: bool,
    /// It receives IPv6: all `AF_INET6` sockets.
    pub v6: bool,
    /// Of a connection in its final wait: whose private loopback it was on, as
    /// [`Holder::loopback_of`] has it. It has no owner any more.
    pub timewait: Option<u32>,
}

/// What two sockets on one port mean to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// What the kernel does anyway.
    Compete,
    /// They compete where their addresses overlap, and may not share the port.
    Exclude,
    /// There is no packet that both could receive.
    Apart,
}

/// Where a packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// There is no packet: it was looked up for other reasons.
    Unknown,
    /// The association with this id sent it to this host.
    Association(u32),
    /// From elsewhere, or from an unassociated socket of this host.
    Outside,
}

impl Origin {
    /// Whether a packet on the private loopback may be one of `owner`'s own.
    pub(super) fn may_be(self, owner: &Owner<'_>) -> bool {
        match self {
            Origin::Unknown => true,
            Origin::Association(id) => id == owner.id,
            Origin::Outside => false,
        }
    }
}

impl Holder<'_> {
    /// A connection in its final wait.
    fn waits(&self) -> bool {
        self.timewait.is_some()
    }

    /// Whose private loopback its own is: an association's, by id, or 0 for the
    /// machine's.
    fn loopback_of(&self) -> u32 {
        let owner = self.owner.map_or(0, |o| o.id);
        self.timewait.unwrap_or(owner)
    }

    fn is_wildcard(&self) -> bool {
        self.local.to_canonical().is_unspecified()
    }

    /// Whether it is bound to an address that has left its owner's set: it
    /// receives nothing there any more, but on connections of its own.
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
    let overlap = match (a.specific(), b.specific()) {
        (None, None) => wildcards_overlap(a, b),
        (Some(addr), None) => wildcard_takes(b, a, addr),
        (None, Some(addr)) => wildcard_takes(a, b, addr),
        // The kernel compares the addresses itself. The same loopback address
        // of two owners is two addresses.
        (Some(x), Some(y)) => {
            a.loopback_of() == b.loopback_of()
                || !(is_private_loopback(x) || is_private_loopback(y))
        }
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
    match (&a.owner, &b.owner) {
        (Some(x), Some(y)) => {
            x.set.intersects(&y.set, a.v4 && b.v4, a.v6 && b.v6)
                || (a.v4 && b.v4 && (owns_dedicated_of(x, y) || owns_dedicated_of(y, x)))
        }
        // The host has all addresses but those that are exclusive. A dedicated
        // loopback address always is.
        (Some(owner), None) | (None, Some(owner)) => {
            !owner.exclusive && owner.set.has_any(a.v4 && b.v4, a.v6 && b.v6)
        }
        (None, None) => true,
    }
}

/// Whether `one` owns the dedicated loopback address of `other`, by its set.
fn owns_dedicated_of(one: &Owner<'_>, other: &Owner<'_>) -> bool {
    other.loopback.is_some_and(|a| one.owns_publicly(a.into()))
}

/// Whether the wildcard socket `wild` stands for `addr`, which `holder`, of
/// another owner, is bound to.
fn wildcard_takes(wild: &Holder<'_>, holder: &Holder<'_>, addr: IpAddr) -> bool {
    if is_private_loopback(addr) {
        return wild.loopback_of() == holder.loopback_of();
    }
    match (&wild.owner, &holder.owner) {
        // The host is never refused a dedicated address, and wins there: what is
        // bound to it is found before a wildcard.
        (Some(owner), None) if !holder.waits() => owner.owns(addr) && !owner.has_dedicated(addr),
        (Some(owner), _) => owner.owns(addr),
        (None, Some(owner)) => !owner.exclusive && !owner.has_dedicated(addr),
        (None, None) => true,
    }
}

/// Whether an unassociated socket of a tunnel takes a packet. What is in it comes in
/// at the host as if it came from the tunnel's other end.
#[must_use]
pub fn enters_tunnel(origin: Origin) -> bool {
    !matches!(origin, Origin::Association(_))
}

/// Whether a socket takes a packet to `addr`, for which it is bound suitably.
/// `reserved` tells that an exclusive association has that address.
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
        Some(owner) if is_private_loopback(addr) => origin.may_be(owner),
        Some(owner) => owner.owns_publicly(addr),
        // No association reaches what the host has on a loopback address, also
        // where that is, or has become, the association's dedicated one.
        None if addr.is_loopback() && matches!(origin, Origin::Association(_)) => false,
        None => is_private_loopback(addr) || !(wildcard && reserved),
    }
}
