// SPDX-License-Identifier: GPL-2.0

//! Random addresses, sets and owners for the properties. They lie close together, so
//! that they often overlap.

use super::super::Origin;
use super::naive::place::{fitting, host_network, near_v4, near_v6, network, SPECIAL};
use super::*;

pub(super) fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        2 => any::<u32>().prop_map(|a| Ipv4Addr::from(a).into()),
        2 => (0_u8..64).prop_map(|a| near_v4(a).into()),
        2 => any::<u128>().prop_map(|a| Ipv6Addr::from(a).into()),
        2 => (0_u8..64).prop_map(|a| near_v6(a).into()),
        1 => (0_u8..64).prop_map(|a| near_v4(a).to_ipv6_mapped().into()),
        3 => special(),
        1 => any::<u32>().prop_map(|a| Ipv4Addr::from(127 << 24 | a >> 8).into()),
    ]
}

/// Addresses for which there are rules.
fn special() -> impl Strategy<Value = IpAddr> {
    prop::sample::select(SPECIAL.as_slice()).prop_map(ip)
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
            (IpAddr::from(near_v4(at)), 32 - hosts)
        } else {
            (IpAddr::from(near_v6(at)), 128 - hosts)
        };
        Prefix::new(network(base, len), len).unwrap()
    })
}

pub(super) fn any_set() -> impl Strategy<Value = OwnedSet> {
    prop::collection::vec(prop_oneof![any_prefix(), near_prefix()], 0..12).prop_map(OwnedSet::new)
}

pub(super) fn any_owned() -> impl Strategy<Value = Owned> {
    let sets = (any_set(), any_set());
    (1_u8..4, sets, 0_u8..5, any::<u8>(), any::<[bool; 2]>()).prop_map(
        |(id, (set, former), part, host, [exclusive, keeps])| Owned {
            id: id.into(),
            // Every second part keeps the loopback of another.
            loopback_of: match part {
                0 if keeps => u32::from(id) % 3 + 1,
                _ => id.into(),
            },
            set,
            former,
            // One in five is a part.
            loopback: (part != 0).then_some(Ipv4Addr::new(127, 64, 0, id)),
            host_loopback: host_network(host),
            exclusive,
        },
    )
}

/// The origin of a packet, of an association with a small id or of none.
pub(super) fn any_origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Unknown),
        Just(Origin::Outside),
        (1_u32..4).prop_map(Origin::Association),
        (1_u32..4).prop_map(Origin::Inward),
        (1_u32..4).prop_map(Origin::Outward),
    ]
}

pub(super) fn any_socket() -> impl Strategy<Value = Socket> {
    (any::<[bool; 4]>(), any_ip(), any_ip()).prop_map(
        |([v4, stream, connected, scoped], local, source)| Socket {
            family: if v4 { Family::V4 } else { Family::V6 },
            stream,
            connected,
            scoped,
            local: fitting(local, v4),
            source: fitting(source, v4),
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
