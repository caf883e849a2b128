// SPDX-License-Identifier: GPL-2.0

//! An address set as the decisions see it: borrowed, immutable, ready for
//! lookup. Who owns the memory is the table's business.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::range::{contains, Range};
use super::verdict::{Family, Source};

/// A view of an address set.
///
/// # Invariants
///
/// The ranges of each family are sorted and disjoint ([`super::merge`]), and a
/// primary address is a member.
#[derive(Clone, Copy, Debug)]
pub struct SetView<'a> {
    v4: &'a [Range<u32>],
    v6: &'a [Range<u128>],
    primary_v4: Option<Ipv4Addr>,
    primary_v6: Option<Ipv6Addr>,
}

/// How many addresses of a family a set has, as far as wildcards need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// None.
    None,
    /// Exactly this one.
    One(IpAddr),
    /// More than one.
    Several,
}

impl<'a> SetView<'a> {
    /// A view of ranges that [`super::merge`] left, and the primary address of
    /// each family, if any.
    #[must_use]
    pub fn new(
        v4: &'a [Range<u32>],
        v6: &'a [Range<u128>],
        primary_v4: Option<Ipv4Addr>,
        primary_v6: Option<Ipv6Addr>,
    ) -> Self {
        // INVARIANT: handed on from the caller, who merged the ranges and took
        // the primaries from among the host addresses.
        Self {
            v4,
            v6,
            primary_v4,
            primary_v6,
        }
    }

    /// Whether the set has this address. An IPv4-mapped IPv6 address counts as
    /// the IPv4 address it stands for.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        match addr.to_canonical() {
            IpAddr::V4(a) => contains(self.v4, a.into()),
            IpAddr::V6(a) => contains(self.v6, a.into()),
        }
    }

    /// How many addresses of `family` the set has.
    #[must_use]
    pub fn only(&self, family: Family) -> Only {
        match family {
            Family::V4 => match self.v4 {
                [] => Only::None,
                [r] if r.is_single() => Only::One(Ipv4Addr::from(r.first()).into()),
                _ => Only::Several,
            },
            Family::V6 => match self.v6 {
                [] => Only::None,
                [r] if r.is_single() => Only::One(Ipv6Addr::from(r.first()).into()),
                _ => Only::Several,
            },
        }
    }

    /// The source for a socket that has none: the family's primary address, or
    /// any member the host has when the set names only networks. `None` when
    /// the set has no address of the family.
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
