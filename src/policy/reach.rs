// SPDX-License-Identifier: GPL-2.0

//! What the stack's index of sockets is told, so that it finds all that
//! [`receives`](super::receives) and [`compare`](super::compare) say yes to, and little more.
//! The index knows sockets by tenant: an association that was made from outside, with its
//! parts.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::owner::{is_private_loopback, Owner};
use super::prefix::Prefix;
use super::scope::Origin;

/// The addresses of which every association has its own.
const PRIVATE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

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
        Origin::Association(id) => Candidates::TenantOf(id),
        Origin::Outside | Origin::Unknown => Candidates::Nobody,
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
    let dedicated = owner.loopback.map(IpAddr::V4);
    if let Some(addr) = dedicated.filter(|&a| !set.contains(a)) {
        visit(Place::Shared(addr))?;
    }
    // A set may name such an address. Then two of these sets overlap there.
    let own = PRIVATE.into_iter().filter(|&a| !set.contains(a));
    own.map(Place::Own).try_for_each(visit)
}
