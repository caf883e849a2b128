// SPDX-License-Identifier: GPL-2.0

//! What the stack's index of sockets is told, so that it finds all that
//! [`receives`](super::receives) and [`compare`](super::compare) say yes to, and little more.
//! The index knows sockets by tenant: an association that was made from outside, with its
//! parts.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::owner::{is_private_loopback, Owner};
use super::prefix::Prefix;
use super::scope::Origin;

/// Addresses of which every association has its own. The stack takes the first for all of
/// 127.0.0.0/8 that are like it.
const PRIVATE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Whether this is a private address for which the stack takes another. It finds a socket there
/// in the place of the other only if it knew the tenant before the socket got its port.
#[must_use]
pub fn is_private_alias(addr: IpAddr) -> bool {
    is_private_loopback(addr) && !PRIVATE.contains(&addr.to_canonical())
}

/// Which tenants may have a wildcard socket that takes a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// None.
    Nobody,
    /// That of the association with this id.
    TenantOf(u32),
    /// Those that have this address: see [`places`].
    Having(IpAddr),
}

/// Which tenants may have a wildcard socket that takes a packet to `addr`. On the private
/// loopback, a look-up without a packet finds none.
#[must_use]
pub fn candidates(addr: IpAddr, origin: Origin) -> Candidates {
    match origin {
        _ if !is_private_loopback(addr) => Candidates::Having(addr),
        Origin::Association(id) | Origin::Inward(id) => Candidates::TenantOf(id),
        Origin::Outward(_) | Origin::Outside | Origin::Unknown => Candidates::Nobody,
    }
}

/// Where others may find a tenant: first address and number of bits of each entry of its set,
/// and of its dedicated loopback address. The set of a part is within that of its whole.
pub fn places(
    entries: &[Prefix],
    loopback: Option<Ipv4Addr>,
) -> impl Iterator<Item = (IpAddr, u8)> + '_ {
    let dedicated = loopback.map(|addr| (addr.into(), 32));
    let entries = entries.iter().map(|e| (e.addr(), e.len_bits()));
    entries.chain(dedicated)
}

/// An address that wildcard sockets of an association stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Other tenants may have it as well.
    Shared(IpAddr),
    /// Others have their own.
    Own(IpAddr),
}

/// Calls `visit` with each address that wildcard sockets of `owner` stand for, until it fails:
/// there may be very many. An unassociated or another tenant's socket on the same port competes
/// with one of these only if it is bound to such an address, or to the wildcard and its owner
/// has an address that is `Shared`.
///
/// # Errors
///
/// Those of `visit`.
pub fn reach<E>(owner: &Owner<'_>, mut visit: impl FnMut(Place) -> Result<(), E>) -> Result<(), E> {
    let set = &owner.set;
    set.addresses().try_for_each(|a| visit(Place::Shared(a)))?;
    if let Some(addr) = owner.loopback {
        visit(Place::Shared(addr.into()))?;
    }
    PRIVATE.into_iter().map(Place::Own).try_for_each(visit)
}
