// SPDX-License-Identifier: GPL-2.0

//! An address set as the decisions see it: borrowed, immutable, ready for lookup.
//! `table::set` owns the memory.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::prefix::Prefix;
use super::range::{contains, covers, intersect, position, sole, Range, Wide};
use super::verdict::{Family, Source};

/// A view of an address set.
///
/// # Invariants
///
/// The ranges of each family are sorted and disjoint ([`super::merge`]), and a
/// primary address is in the set.
#[derive(Clone, Copy, Debug)]
pub struct SetView<'a> {
    v4: &'a [Range<u32>],
    v6: &'a [Range<Wide>],
    primary_v4: Option<Ipv4Addr>,
    primary_v6: Option<Ipv6Addr>,
}

impl<'a> SetView<'a> {
    /// A set without addresses.
    pub const EMPTY: Self = Self {
        v4: &[],
        v6: &[],
        primary_v4: None,
        primary_v6: None,
    };

    /// A view of `v4` and `v6`, which must be results of [`super::merge`], and of the
    /// primary address of each family, if any, which must be one of the set's host
    /// addresses.
    #[must_use]
    pub fn new(
        v4: &'a [Range<u32>],
        v6: &'a [Range<Wide>],
        primary_v4: Option<Ipv4Addr>,
        primary_v6: Option<Ipv6Addr>,
    ) -> Self {
        // INVARIANT: the caller merged the ranges and took the primary addresses from
        // the set, as the documentation of this function requires.
        Self {
            v4,
            v6,
            primary_v4,
            primary_v6,
        }
    }

    /// Whether the set contains this address. An IPv4-mapped IPv6 address counts as
    /// the IPv4 address it stands for.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        match addr.to_canonical() {
            IpAddr::V4(a) => self.contains_v4(a),
            IpAddr::V6(a) => self.contains_v6(a),
        }
    }

    /// Whether the set contains this IPv4 address.
    #[inline]
    pub(super) fn contains_v4(&self, addr: Ipv4Addr) -> bool {
        contains(self.v4, addr.into())
    }

    /// Whether the set contains this IPv6 address, which is not IPv4-mapped.
    #[inline]
    pub(super) fn contains_v6(&self, addr: Ipv6Addr) -> bool {
        contains(self.v6, addr.into())
    }

    /// Which range of its family contains this address, from the lowest. None contains
    /// an IPv4-mapped address: as a source it belongs to no owner.
    #[must_use]
    pub fn position(&self, addr: IpAddr) -> Option<usize> {
        match addr {
            IpAddr::V4(a) => position(self.v4, a.into()),
            IpAddr::V6(a) => position(self.v6, a.into()),
        }
    }

    /// The only address of the family. `None` when the set has more of them, or none.
    #[must_use]
    pub fn sole(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => sole(self.v4).map(|a| IpAddr::V4(a.into())),
            Family::V6 => sole(self.v6).map(|a| IpAddr::V6(a.into())),
        }
    }

    /// Whether the set contains every address of this prefix.
    #[must_use]
    pub fn covers(&self, prefix: &Prefix) -> bool {
        prefix.range_v4().is_some_and(|r| covers(self.v4, r))
            || prefix.range_v6().is_some_and(|r| covers(self.v6, r))
    }

    /// Whether the set has any address of the families asked for.
    #[must_use]
    pub fn has_any(&self, v4: bool, v6: bool) -> bool {
        (v4 && !self.v4.is_empty()) || (v6 && !self.v6.is_empty())
    }

    /// Whether two sets have an address in common, of the families asked for.
    #[must_use]
    pub fn intersects(&self, other: &SetView<'_>, v4: bool, v6: bool) -> bool {
        (v4 && intersect(self.v4, other.v4)) || (v6 && intersect(self.v6, other.v6))
    }

    /// All addresses of the set. There may be very many.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let v4 = self.v4.iter().flat_map(|r| r.numbers());
        let v6 = self.v6.iter().flat_map(|r| r.numbers());
        v4.map(|a| IpAddr::V4(a.into()))
            .chain(v6.map(|a| IpAddr::V6(a.into())))
    }

    /// The default source for a socket that has none: the family's primary address,
    /// or, when the set has only networks, any of its addresses that the host has.
    /// `None` when the set has no address of the family.
    #[must_use]
    pub fn source(&self, family: Family) -> Option<Source> {
        let (primary, empty) = match family {
            Family::V4 => (self.primary_v4.map(IpAddr::V4), self.v4.is_empty()),
            Family::V6 => (self.primary_v6.map(IpAddr::V6), self.v6.is_empty()),
        };
        match primary {
            Some(addr) => Some(Source::Address(addr)),
            None if empty => None,
            None => Some(Source::AnyLocal(family)),
        }
    }
}
