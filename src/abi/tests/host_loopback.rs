// SPDX-License-Identifier: GPL-2.0

//! Which networks of the host's loopback an association may reach, on the wire and as text.

use std::net::Ipv4Addr;

use addrconf_abi::{AssignRequest, DefineRequest, HostLoopback, QueryRequest, Wire, WireError};
use proptest::prelude::*;

use super::{bytes, samples};

fn network(text: &str) -> Option<HostLoopback> {
    let (addr, len) = text.split_once('/').unwrap_or((text, "32"));
    HostLoopback::new(addr.parse().unwrap(), len.parse().unwrap())
}

#[test]
fn networks_of_the_hosts_loopback_are_accepted() {
    for text in [
        "127.0.0.53",
        "127.0.0.0",
        "127.0.0.2/31",
        "127.0.1.0/24",
        "127.32.0.0/11",
        "127.63.255.255",
        "127.128.0.0",
        "127.128.0.0/9",
        "127.255.255.255",
    ] {
        assert!(network(text).is_some(), "{text}");
    }
}

/// Every association keeps 127.0.0.1 for itself.
#[test]
fn nobody_reaches_127_0_0_1_of_the_host() {
    for text in ["127.0.0.1", "127.0.0.0/31", "127.0.0.0/24", "127.0.0.0/10"] {
        assert_eq!(network(text), None, "{text}");
    }
}

#[test]
fn dedicated_addresses_of_others_are_not_reached() {
    for text in [
        "127.64.0.0",
        "127.64.0.1",
        "127.127.255.255",
        "127.64.0.0/10",
        "127.96.0.0/11",
        "127.0.0.0/9",
        "127.0.0.0/8",
    ] {
        assert_eq!(network(text), None, "{text}");
    }
}

#[test]
fn other_networks_and_addresses_within_one_are_refused() {
    for text in [
        "126.255.255.255",
        "128.0.0.0",
        "10.0.0.1",
        "0.0.0.0",
        "126.0.0.0/7",
        "127.0.0.53/31",
        "127.0.1.1/24",
        "127.128.0.1/9",
        "0.0.0.0/0",
        "127.0.0.53/0",
        "127.0.0.53/33",
        "127.0.0.53/255",
    ] {
        assert_eq!(network(text), None, "{text}");
    }
}

#[test]
fn a_single_address_is_shown_without_its_length() {
    for text in ["127.0.0.53", "127.0.0.2/31", "127.128.0.0/9"] {
        assert_eq!(network(text).unwrap().to_string(), text);
    }
    let single = network("127.0.0.53/32").unwrap();
    assert_eq!(single.to_string(), "127.0.0.53");
    assert_eq!(single.addr(), Ipv4Addr::new(127, 0, 0, 53));
    assert_eq!(single.len_bits(), 32);
}

#[test]
fn dedicated_addresses_are_a_quarter_of_the_loopback() {
    let is_dedicated = |a, b, c, d| HostLoopback::is_dedicated(Ipv4Addr::new(a, b, c, d));
    assert!(is_dedicated(127, 64, 0, 0) && is_dedicated(127, 127, 255, 255));
    assert!(!is_dedicated(127, 63, 255, 255) && !is_dedicated(127, 128, 0, 0));
    assert!(!is_dedicated(127, 0, 0, 1) && !is_dedicated(126, 64, 0, 0));
}

/// What each call reads from the eight bytes of the network.
fn read(field: [u8; 8]) -> [Result<Option<HostLoopback>, WireError>; 3] {
    fn put(value: &impl Wire, at: usize, field: [u8; 8]) -> Vec<u8> {
        let mut bytes = bytes(value);
        bytes[at..at + 8].copy_from_slice(&field);
        bytes
    }
    let all = samples();
    [
        AssignRequest::decode(&put(&all.assign, 96, field)).map(|r| r.terms.host_loopback),
        DefineRequest::decode(&put(&all.define, 64, field)).map(|r| r.terms.host_loopback),
        QueryRequest::decode(&put(&all.query, 152, field)).map(|r| r.terms.host_loopback),
    ]
}

#[test]
fn only_zeros_mean_no_network() {
    assert_eq!(read([0; 8]), [Ok(None); 3]);
    let single = Ok(network("127.0.0.53"));
    assert_eq!(read([127, 0, 0, 53, 32, 0, 0, 0]), [single; 3]);
    for field in [
        // A length without an address, and the other way round.
        [0, 0, 0, 0, 32, 0, 0, 0],
        [0, 0, 0, 0, 8, 0, 0, 0],
        [127, 0, 0, 53, 0, 0, 0, 0],
        // The reserved bytes.
        [0, 0, 0, 0, 0, 1, 0, 0],
        [127, 0, 0, 53, 32, 0, 0, 1],
        // No network of the host's loopback.
        [127, 0, 0, 1, 32, 0, 0, 0],
        [127, 64, 0, 1, 32, 0, 0, 0],
        [127, 0, 0, 53, 31, 0, 0, 0],
        [10, 0, 0, 1, 32, 0, 0, 0],
    ] {
        assert_eq!(read(field), [Err(WireError::BadField); 3], "{field:?}");
    }
}

proptest! {
    #[test]
    fn a_network_is_accepted_exactly_when_all_its_addresses_may_be_reached(
        addr in any::<u32>(),
        len in 0_u8..40,
        aligned in any::<bool>(),
    ) {
        let hosts = u32::MAX.checked_shr(len.into()).unwrap_or(0);
        let addr = 127 << 24 | addr >> 8;
        let addr = if aligned { addr & !hosts } else { addr };
        // Where the loopback, 127.0.0.1 and 127.64.0.0/10 begin and end, within the network.
        let (first, last) = (addr, addr | hosts);
        let begins = [0x7f00_0000, 0x7f00_0001, 0x7f40_0000, 0x8000_0000].into_iter();
        let points = begins.filter(|p| (first..=last).contains(p)).chain([first, last]);
        let may_be = |bits: u32| {
            let [a, b, c, d] = bits.to_be_bytes();
            a == 127 && !(64..128).contains(&b) && [b, c, d] != [0, 0, 1]
        };
        let expected =
            (1..=32).contains(&len) && addr & hosts == 0 && points.into_iter().all(may_be);
        let net = HostLoopback::new(addr.into(), len);
        prop_assert_eq!(net.is_some(), expected);
        if let Some(net) = net {
            prop_assert_eq!((net.addr(), net.len_bits()), (addr.into(), len));
        }
    }

    #[test]
    fn what_a_network_contains_has_its_first_bits(
        (bits, other) in any::<(u32, u32)>(),
        len in 8_u8..=32,
        near in 0_u32..32,
    ) {
        let addr = (127 << 24 | bits >> 8) & u32::MAX << (32 - len);
        let other = if near == 0 { other } else { addr ^ (1 << (near - 1)) };
        if let Some(net) = HostLoopback::new(addr.into(), len) {
            let same = (addr ^ other).leading_zeros() >= len.into();
            prop_assert_eq!(net.contains(other.into()), same);
            prop_assert!(net.contains(addr.into()) && !HostLoopback::is_dedicated(addr.into()));
        }
    }
}
