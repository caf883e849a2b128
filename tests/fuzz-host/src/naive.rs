// SPDX-License-Identifier: GPL-2.0

//! Sets and owners that own their memory, and membership without sorting or
//! searching: the oracle shares no code with what it watches.

use std::net::{IpAddr, Ipv4Addr};

use addrconf_policy::{merge, subtract, Number, Owner, Prefix, Range, SetView, Wide};

/// An address set.
#[derive(Clone, Debug)]
pub struct Set {
    /// What it was made of, in order.
    pub prefixes: Vec<Prefix>,
    v4: Vec<Range<u32>>,
    v6: Vec<Range<Wide>>,
}

impl Set {
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

    /// As the decisions see it.
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

    /// Whether the ranges that are left of this without `other` hold the address.
    #[must_use]
    pub fn without_holds(&self, other: &Self, addr: IpAddr) -> bool {
        match addr.to_canonical() {
            IpAddr::V4(a) => left_holds(&self.v4, &other.v4, u32::from(a)),
            IpAddr::V6(a) => left_holds(&self.v6, &other.v6, u128::from(a).into()),
        }
    }

    /// Whether one of the prefixes has this address.
    #[must_use]
    pub fn has(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        self.prefixes.iter().any(|p| inside(p, addr))
    }
}

fn left_holds<T: Number>(ranges: &[Range<T>], without: &[Range<T>], number: T) -> bool {
    let mut left: Vec<Range<T>> = Vec::new();
    let done: Result<(), ()> = subtract(ranges, without, |range| {
        // Sorted and disjoint, as those it is made of.
        assert!(left.last().is_none_or(|last| last.last() < range.first()));
        left.push(range);
        Ok(())
    });
    assert_eq!(done, Ok(()));
    let inside = |r: &Range<T>| r.first() <= number && number <= r.last();
    left.iter().any(inside)
}

/// Whether the bits of `addr` begin with those of `prefix`.
#[must_use]
pub fn inside(prefix: &Prefix, addr: IpAddr) -> bool {
    let len = u32::from(prefix.len_bits());
    match (prefix.addr(), addr) {
        (IpAddr::V4(p), IpAddr::V4(a)) => (u32::from(p) ^ u32::from(a)).leading_zeros() >= len,
        (IpAddr::V6(p), IpAddr::V6(a)) => (u128::from(p) ^ u128::from(a)).leading_zeros() >= len,
        _ => false,
    }
}

/// What an association owns.
#[derive(Clone, Debug)]
pub struct Owned {
    /// Its id.
    pub id: u32,
    /// Its set.
    pub set: Set,
    /// What was in its set once.
    pub former: Set,
    /// Its dedicated loopback address; a part of another has none.
    pub loopback: Option<Ipv4Addr>,
    /// Wildcards of the host leave its set alone.
    pub exclusive: bool,
}

impl Owned {
    /// As the decisions see it.
    #[must_use]
    pub fn owner(&self) -> Owner<'_> {
        Owner {
            id: self.id,
            set: self.set.view(),
            former: self.former.view(),
            loopback: self.loopback,
            exclusive: self.exclusive,
        }
    }

    /// Whether it is its dedicated loopback address.
    #[must_use]
    pub fn has_dedicated(&self, addr: IpAddr) -> bool {
        self.loopback.is_some_and(|own| addr.to_canonical() == own)
    }

    /// Whether it is the association's: of the set, or one of its loopbacks.
    #[must_use]
    pub fn has(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        is_own_loopback(addr) || self.has_dedicated(addr) || self.set.has(addr)
    }

    /// Whether it is, or was, the association's.
    #[must_use]
    pub fn has_or_had(&self, addr: IpAddr) -> bool {
        self.has(addr) || self.former.has(addr)
    }

    /// Whether packets of the association may go there.
    #[must_use]
    pub fn reaches(&self, addr: IpAddr) -> bool {
        !is_loopback(addr) || self.has(addr)
    }
}

/// `127.0.0.0/8` and `::1`, which never leave the machine.
#[must_use]
pub fn is_loopback(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => a.octets()[0] == 127,
        IpAddr::V6(a) => u128::from(a) == 1,
    }
}

/// `127.0.0.1` and `::1`, which everybody has.
#[must_use]
pub fn is_own_loopback(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => a.octets() == [127, 0, 0, 1],
        IpAddr::V6(a) => u128::from(a) == 1,
    }
}

/// The wildcard of either family, or of IPv4 on an IPv6 socket.
#[must_use]
pub fn is_any(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => u32::from(a) == 0,
        IpAddr::V6(a) => u128::from(a) == 0,
    }
}

/// Where the kernel sends what is for `0.0.0.0` and `::`: to the loopback.
#[must_use]
pub fn meant(to: IpAddr) -> IpAddr {
    match to.to_canonical() {
        IpAddr::V4(a) if u32::from(a) == 0 => Ipv4Addr::new(127, 0, 0, 1).into(),
        IpAddr::V6(a) if u128::from(a) == 0 => IpAddr::V6(1_u128.into()),
        to => to,
    }
}
