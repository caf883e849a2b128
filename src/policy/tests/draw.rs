// SPDX-License-Identifier: GPL-2.0

//! Random addresses, sets and owners for the properties. They lie close together, so
//! that they often overlap.

use super::*;

pub(super) fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        2 => any::<u32>().prop_map(|a| Ipv4Addr::from(a).into()),
        2 => (0_u32..64).prop_map(|a| Ipv4Addr::from(0x0a00_0000 | a).into()),
        2 => any::<u128>().prop_map(|a| Ipv6Addr::from(a).into()),
        2 => (0_u128..64).prop_map(|a| Ipv6Addr::from((0x2001_0db8 << 96) | a).into()),
        1 => (0_u32..64).prop_map(|a| Ipv4Addr::from(0x0a00_0000 | a).to_ipv6_mapped().into()),
        3 => special(),
    ]
}

/// Addresses for which there are rules.
fn special() -> impl Strategy<Value = IpAddr> {
    prop::sample::select(vec![
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "127.0.0.2",
        "127.64.0.1",
        "127.64.0.2",
        "::ffff:127.64.0.1",
        "127.255.255.255",
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "ff02::1",
    ])
    .prop_map(ip)
}

/// Prefixes of every length. A prefix that cannot be in a set is replaced by one that
/// can.
pub(super) fn any_prefix() -> impl Strategy<Value = Prefix> {
    (any_ip(), 0_u8..=128).prop_map(|(a, len)| {
        let len = len.min(if a.is_ipv4() { 32 } else { 128 });
        Prefix::new(network(a, len), len).unwrap_or_else(|_| prefix("10.0.0.0/30"))
    })
}

/// Small networks and hosts from two small ranges, which touch, overlap and contain
/// each other.
pub(super) fn near_prefix() -> impl Strategy<Value = Prefix> {
    (any::<bool>(), 0_u8..64, 0_u8..=6).prop_map(|(v4, at, hosts)| {
        let (base, len) = if v4 {
            (IpAddr::from([10, 0, 0, at]), 32 - hosts)
        } else {
            let bits = (0x2001_0db8 << 96) | u128::from(at);
            (Ipv6Addr::from(bits).into(), 128 - hosts)
        };
        Prefix::new(network(base, len), len).unwrap()
    })
}

/// `addr` without the bits beyond `len`.
fn network(addr: IpAddr, len: u8) -> IpAddr {
    match addr {
        IpAddr::V4(a) => {
            let hosts = u32::MAX.checked_shr(len.into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(a) & !hosts).into()
        }
        IpAddr::V6(a) => {
            let hosts = u128::MAX.checked_shr(len.into()).unwrap_or(0);
            Ipv6Addr::from(u128::from(a) & !hosts).into()
        }
    }
}

pub(super) fn any_set() -> impl Strategy<Value = OwnedSet> {
    prop::collection::vec(prop_oneof![any_prefix(), near_prefix()], 0..12).prop_map(OwnedSet::new)
}

pub(super) fn any_owned() -> impl Strategy<Value = Owned> {
    (1_u8..4, any_set(), any_set(), any::<bool>()).prop_map(|(id, set, former, exclusive)| Owned {
        id: id.into(),
        set,
        former,
        loopback: Ipv4Addr::new(127, 64, 0, id),
        exclusive,
    })
}

pub(super) fn any_socket() -> impl Strategy<Value = Socket> {
    (any::<[bool; 4]>(), any_ip(), any_ip()).prop_map(
        |([v4, stream, connected, scoped], local, source)| {
            let fit = |a: IpAddr| match (v4, a) {
                (true, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED.into(),
                (false, IpAddr::V4(a)) => a.to_ipv6_mapped().into(),
                (_, a) => a,
            };
            Socket {
                family: if v4 { Family::V4 } else { Family::V6 },
                stream,
                connected,
                scoped,
                local: fit(local),
                source: fit(source),
            }
        },
    )
}

pub(super) fn any_sockaddr() -> impl Strategy<Value = SockAddr> {
    prop_oneof![
        6 => any_ip().prop_map(|a| match a {
            IpAddr::V4(a) => SockAddr::V4(a),
            IpAddr::V6(a) => SockAddr::V6(a),
        }),
        1 => Just(SockAddr::Unspec(None)),
        1 => any::<u32>().prop_map(|a| SockAddr::Unspec(Some(a.into()))),
        1 => Just(SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED))),
        1 => any::<u16>().prop_map(SockAddr::Other),
    ]
}
