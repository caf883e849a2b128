// SPDX-License-Identifier: GPL-2.0

//! Host tests of the decisions: a case for each rule, properties for what must
//! hold of every input.

mod bind;
mod create;
mod prefix;
mod set;
mod sockaddr;
mod usage;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

use proptest::prelude::*;

use super::{merge, Family, Prefix, Range, SetView, Socket};

/// An address set that owns its memory.
#[derive(Debug)]
pub(super) struct OwnedSet {
    pub(super) prefixes: Vec<Prefix>,
    v4: Vec<Range<u32>>,
    v6: Vec<Range<u128>>,
}

impl OwnedSet {
    pub(super) fn new(prefixes: Vec<Prefix>) -> Self {
        let mut v4: Vec<_> = prefixes.iter().filter_map(Prefix::range_v4).collect();
        let mut v6: Vec<_> = prefixes.iter().filter_map(Prefix::range_v6).collect();
        let kept = merge(&mut v4);
        v4.truncate(kept);
        let kept = merge(&mut v6);
        v6.truncate(kept);
        Self { prefixes, v4, v6 }
    }

    pub(super) fn view(&self) -> SetView<'_> {
        let hosts = || {
            self.prefixes
                .iter()
                .filter(|p| p.is_host())
                .map(Prefix::addr)
        };
        let v4 = hosts().find_map(|a| match a {
            IpAddr::V4(a) => Some(a),
            IpAddr::V6(_) => None,
        });
        let v6 = hosts().find_map(|a| match a {
            IpAddr::V6(a) => Some(a),
            IpAddr::V4(_) => None,
        });
        SetView::new(&self.v4, &self.v6, v4, v6)
    }
}

/// A set from text: "10.0.0.1 10.1.0.0/24 2001:db8::1".
pub(super) fn set(text: &str) -> OwnedSet {
    OwnedSet::new(text.split_whitespace().map(prefix).collect())
}

pub(super) fn prefix(text: &str) -> Prefix {
    let (addr, len) = match text.split_once('/') {
        Some((addr, len)) => (addr, len.parse().unwrap()),
        None => (text, if text.contains(':') { 128 } else { 32 }),
    };
    Prefix::new(addr.parse().unwrap(), len).unwrap()
}

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A socket without address or port.
pub(super) fn unbound(family: Family) -> Socket {
    let any = match family {
        Family::V4 => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    };
    Socket {
        family,
        v6only: false,
        stream: true,
        has_port: false,
        local: any,
        source: any,
    }
}

/// A socket bound to an address and a port.
pub(super) fn bound_to(family: Family, addr: &str) -> Socket {
    Socket {
        has_port: true,
        local: ip(addr),
        source: ip(addr),
        ..unbound(family)
    }
}

pub(super) fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|a| Ipv4Addr::from(a).into()),
        // Near each other, so that sets and addresses meet.
        (0_u32..64).prop_map(|a| Ipv4Addr::from(0x0a00_0000 | a).into()),
        any::<u128>().prop_map(|a| Ipv6Addr::from(a).into()),
        (0_u128..64).prop_map(|a| Ipv6Addr::from(0x2001_0db8 << 96 | a).into()),
        (0_u32..64).prop_map(|a| Ipv4Addr::from(0x0a00_0000 | a).to_ipv6_mapped().into()),
        Just(Ipv4Addr::UNSPECIFIED.into()),
        Just(Ipv6Addr::UNSPECIFIED.into()),
        Just(Ipv4Addr::LOCALHOST.into()),
        Just(Ipv6Addr::LOCALHOST.into()),
    ]
}

pub(super) fn any_prefix() -> impl Strategy<Value = Prefix> {
    (any_ip(), 0_u8..=128).prop_filter_map("not a prefix for sets", |(addr, len)| {
        let addr = match addr {
            IpAddr::V4(a) => {
                let hosts = u32::MAX.checked_shr(len.into()).unwrap_or(0);
                Ipv4Addr::from(u32::from(a) & !hosts).into()
            }
            IpAddr::V6(a) => {
                let hosts = u128::MAX.checked_shr(len.into()).unwrap_or(0);
                Ipv6Addr::from(u128::from(a) & !hosts).into()
            }
        };
        Prefix::new(addr, len.min(if addr.is_ipv4() { 32 } else { 128 })).ok()
    })
}

pub(super) fn any_set() -> impl Strategy<Value = OwnedSet> {
    prop::collection::vec(any_prefix(), 0..12).prop_map(OwnedSet::new)
}

pub(super) fn any_socket() -> impl Strategy<Value = Socket> {
    (any::<[bool; 4]>(), any_ip(), any_ip()).prop_map(
        |([v4, v6only, stream, has_port], local, source)| {
            let fit = |a: IpAddr| match (v4, a) {
                (true, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED.into(),
                (false, IpAddr::V4(a)) => a.to_ipv6_mapped().into(),
                (_, a) => a,
            };
            Socket {
                family: if v4 { Family::V4 } else { Family::V6 },
                v6only: v6only && !v4,
                stream,
                has_port,
                local: fit(local),
                source: fit(source),
            }
        },
    )
}
