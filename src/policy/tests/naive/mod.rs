// SPDX-License-Identifier: GPL-2.0

//! Sets and owners that own their memory, and a membership test that neither sorts
//! nor searches. The oracle shares no code with what it tests.
//!
//! This is the only naive model of the decisions. The host tests use it, and so do the
//! fuzz targets of `tests/fuzz-host`, which include this folder through its path. In
//! both, the parent module names the crate under test `policy`.

pub mod message;
pub mod packet;
pub mod place;
pub mod port;

use std::net::{IpAddr, Ipv4Addr};

use addrconf_abi::HostLoopback;

use super::policy::{merge, subtract, Number, Owner, Prefix, Range, SetView, Wide};

/// An address set.
#[derive(Clone, Debug)]
pub struct OwnedSet {
    /// The prefixes that it was made from, in their order.
    pub prefixes: Vec<Prefix>,
    v4: Vec<Range<u32>>,
    v6: Vec<Range<Wide>>,
}

impl OwnedSet {
    /// The set of these prefixes.
    #[must_use]
    pub fn new(prefixes: Vec<Prefix>) -> Self {
        let mut v4: Vec<_> = prefixes.iter().filter_map(Prefix::range_v4).collect();
        let mut v6: Vec<_> = prefixes.iter().filter_map(Prefix::range_v6).collect();
        let kept = merge(&mut v4);
        v4.truncate(kept);
        let kept = merge(&mut v6);
        v6.truncate(kept);
        Self { prefixes, v4, v6 }
    }

    /// The set in the form that the decisions take.
    #[must_use]
    pub fn view(&self) -> SetView<'_> {
        let hosts = || self.prefixes.iter().filter(|p| p.is_host());
        let v4 = hosts().find_map(|p| match p.addr() {
            IpAddr::V4(a) => Some(a),
            IpAddr::V6(_) => None,
        });
        let v6 = hosts().find_map(|p| match p.addr() {
            IpAddr::V4(_) => None,
            IpAddr::V6(a) => Some(a),
        });
        SetView::new(&self.v4, &self.v6, v4, v6)
    }

    /// Whether the ranges that [`subtract`] leaves of this set without `other` contain
    /// the address.
    #[must_use]
    pub fn without_holds(&self, other: &Self, addr: IpAddr) -> bool {
        match addr.to_canonical() {
            IpAddr::V4(a) => left_holds(&self.v4, &other.v4, u32::from(a)),
            IpAddr::V6(a) => left_holds(&self.v6, &other.v6, u128::from(a).into()),
        }
    }

    /// Whether one of the prefixes contains this address.
    #[must_use]
    pub fn naively_has(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        self.prefixes.iter().any(|p| naively_inside(p, addr))
    }
}

fn left_holds<T: Number>(ranges: &[Range<T>], without: &[Range<T>], number: T) -> bool {
    let mut left: Vec<Range<T>> = Vec::new();
    let done: Result<(), ()> = subtract(ranges, without, |range| {
        // Sorted and disjoint, as `ranges` are.
        assert!(left.last().is_none_or(|last| last.last() < range.first()));
        left.push(range);
        Ok(())
    });
    assert_eq!(done, Ok(()));
    let inside = |r: &Range<T>| r.first() <= number && number <= r.last();
    left.iter().any(inside)
}

/// Whether `addr` is in `prefix`.
#[must_use]
pub fn naively_inside(prefix: &Prefix, addr: IpAddr) -> bool {
    naively_within(prefix.addr(), prefix.len_bits(), addr)
}

/// Whether the first `len` bits of `addr` are those of `net`.
#[must_use]
pub fn naively_within(net: IpAddr, len: u8, addr: IpAddr) -> bool {
    let len = u32::from(len);
    match (net, addr) {
        (IpAddr::V4(n), IpAddr::V4(a)) => (u32::from(n) ^ u32::from(a)).leading_zeros() >= len,
        (IpAddr::V6(n), IpAddr::V6(a)) => (u128::from(n) ^ u128::from(a)).leading_zeros() >= len,
        _ => false,
    }
}

/// What an address is to an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address of its private loopback.
    Private,
    /// Its dedicated loopback address.
    Dedicated,
    /// A loopback address of the host that it reaches.
    OfHost,
    /// Another loopback address.
    Foreign,
    /// An address of its set.
    Member,
    /// An address that left its set.
    Former,
    /// Any other address.
    Elsewhere,
}

/// An association, with the addresses that it owns.
#[derive(Clone, Debug)]
pub struct Owned {
    /// Its id.
    pub id: u32,
    /// The id of the association whose private loopback it has.
    pub loopback_of: u32,
    /// Its set.
    pub set: OwnedSet,
    /// Addresses that left its set.
    pub former: OwnedSet,
    /// Its dedicated loopback address; a part has none.
    pub loopback: Option<Ipv4Addr>,
    /// Addresses of the host's loopback that it reaches if it has a dedicated address. A part that
    /// keeps a loopback has them neither there nor on the host's.
    pub host_loopback: Option<HostLoopback>,
    /// Whether the host's wildcard sockets leave out its addresses.
    pub exclusive: bool,
}

impl Owned {
    /// The association in the form that the decisions take.
    #[must_use]
    pub fn owner(&self) -> Owner<'_> {
        Owner {
            id: self.id,
            loopback_of: self.loopback_of,
            set: self.set.view(),
            former: self.former.view(),
            loopback: self.loopback,
            host_loopback: self.host_loopback,
            exclusive: self.exclusive,
        }
    }

    /// Whether this is the association's dedicated loopback address.
    #[must_use]
    pub fn has_dedicated(&self, addr: IpAddr) -> bool {
        self.loopback.is_some_and(|own| addr.to_canonical() == own)
    }

    /// What the address is to the association.
    #[must_use]
    pub fn kind(&self, addr: IpAddr) -> Kind {
        let addr = addr.to_canonical();
        let is_in = |n: HostLoopback| naively_within(n.addr().into(), n.len_bits(), addr);
        let of_host = self.host_loopback.is_some_and(is_in);
        if of_host && self.loopback.is_some() {
            Kind::OfHost
        } else if of_host && self.loopback_of != self.id {
            Kind::Foreign
        } else if is_own_loopback(addr) {
            Kind::Private
        } else if self.has_dedicated(addr) {
            Kind::Dedicated
        } else if is_loopback(addr) {
            Kind::Foreign
        } else if self.set.naively_has(addr) {
            Kind::Member
        } else if self.former.naively_has(addr) {
            Kind::Former
        } else {
            Kind::Elsewhere
        }
    }

    /// Whether the association has this address: in its set, or as a loopback
    /// address.
    #[must_use]
    pub fn naively_owns(&self, addr: IpAddr) -> bool {
        let kind = self.kind(addr);
        matches!(kind, Kind::Private | Kind::Dedicated | Kind::Member)
    }

    /// Whether the association has or had this address.
    #[must_use]
    pub fn has_or_had(&self, addr: IpAddr) -> bool {
        self.naively_owns(addr) || self.kind(addr) == Kind::Former
    }

    /// Whether packets of the association may go to this address.
    #[must_use]
    pub fn reaches(&self, addr: IpAddr) -> bool {
        self.kind(addr) != Kind::Foreign
    }
}

/// Whether this is in `127.0.0.0/8` or is `::1`, which never leave the machine.
#[must_use]
pub fn is_loopback(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => a.octets()[0] == 127,
        IpAddr::V6(a) => u128::from(a) == 1,
    }
}

/// Whether this is a loopback address of which each scope has its own: `::1`, or one of
/// `127.0.0.0` to `127.63.255.255` and `127.128.0.0` to `127.255.255.255`.
#[must_use]
pub fn is_own_loopback(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => matches!(a.octets(), [127, 0..=63 | 128..=255, _, _]),
        IpAddr::V6(a) => u128::from(a) == 1,
    }
}

/// Whether this is the wildcard of either family, or the IPv4-mapped one.
#[must_use]
pub fn is_any(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => u32::from(a) == 0,
        IpAddr::V6(a) => u128::from(a) == 0,
    }
}

/// The address to which the kernel sends: for `0.0.0.0` and `::`, the loopback
/// address.
#[must_use]
pub fn meant(to: IpAddr) -> IpAddr {
    match to.to_canonical() {
        IpAddr::V4(a) if u32::from(a) == 0 => Ipv4Addr::new(127, 0, 0, 1).into(),
        IpAddr::V6(a) if u128::from(a) == 0 => IpAddr::V6(1_u128.into()),
        to => to,
    }
}
