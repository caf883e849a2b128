// SPDX-License-Identifier: GPL-2.0

//! Address sets: what may stand in one, and looking up, against trying every
//! prefix. And the tables of sockets and options, for any number.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::Set;
use addrconf_policy::{create, option, Family, Prefix, Source};
use libfuzzer_sys::fuzz_target;

/// The ends of a prefix, bit by bit.
fn ends(prefix: &Prefix) -> [IpAddr; 2] {
    let last = |bytes: &mut [u8]| {
        for bit in prefix.len_bits().into()..bytes.len() * 8 {
            bytes[bit / 8] |= 0x80 >> (bit % 8);
        }
    };
    let end = match prefix.addr() {
        IpAddr::V4(a) => {
            let mut bytes = a.octets();
            last(&mut bytes);
            bytes.into()
        }
        IpAddr::V6(a) => {
            let mut bytes = a.octets();
            last(&mut bytes);
            bytes.into()
        }
    };
    [prefix.addr(), end]
}

fn watch_prefix(prefix: &Prefix) {
    for end in ends(prefix) {
        let forbidden = match end {
            IpAddr::V4(a) => a.is_multicast() || u32::from(a) == u32::MAX,
            IpAddr::V6(a) => a.is_multicast() || a.to_ipv4_mapped().is_some(),
        };
        assert!(!forbidden, "{prefix} has {end}");
    }
    assert!(!prefix.addr().is_unspecified());
}

fn watch_set(set: &Set, addr: IpAddr) {
    let view = set.view();
    assert_eq!(view.contains(addr), set.has(addr), "{addr} in {set:?}");
    for prefix in &set.prefixes {
        watch_prefix(prefix);
        assert!(view.covers(prefix));
        assert!(ends(prefix).into_iter().all(|end| view.contains(end)));
    }
    for family in [Family::V4, Family::V6] {
        let of_family = |p: &&Prefix| p.family() == family;
        let any = set.prefixes.iter().find(of_family);
        let (v4, v6) = (family == Family::V4, family == Family::V6);
        assert_eq!(view.has_any(v4, v6), any.is_some());
        let host = set.prefixes.iter().filter(of_family).find(|p| p.is_host());
        let expected = match (host, any) {
            (Some(host), _) => Some(Source::Address(host.addr())),
            (None, Some(_)) => Some(Source::AnyLocal(family)),
            (None, None) => None,
        };
        assert_eq!(view.source(family), expected);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes::new(bytes);
    let (a, b, addr) = (bytes.set(), bytes.set(), bytes.ip());
    watch_set(&a, addr);
    watch_set(&b, addr);
    if let Some(prefix) = bytes.prefix() {
        watch_prefix(&prefix);
        // Covered means that no address is missing, its ends for a start.
        if a.view().covers(&prefix) {
            assert!(ends(&prefix).into_iter().all(|end| a.has(end)));
            assert!(!a.view().covers(&prefix) || a.has(addr) || !Set::new(vec![prefix]).has(addr));
        }
    }
    // Of two sets that meet one has an end of a prefix of the other.
    let meet = |v4: bool| {
        let met = |a: &Set, b: &Set| {
            a.prefixes
                .iter()
                .flat_map(ends)
                .any(|end| end.is_ipv4() == v4 && b.has(end))
        };
        met(&a, &b) || met(&b, &a)
    };
    assert_eq!(a.view().intersects(&b.view(), true, false), meet(true));
    assert_eq!(a.view().intersects(&b.view(), false, true), meet(false));
    assert!(!a.view().intersects(&b.view(), false, false));

    let numbers: [[u8; 4]; 3] = [bytes.array(), bytes.array(), bytes.array()];
    let [x, y, z] = numbers.map(i32::from_ne_bytes);
    // More is allowed with raw sockets, never less.
    assert!(create(x, y, z, false).is_err() || create(x, y, z, true).is_ok());
    assert!(option(x, y, false).is_err() || option(x, y, true).is_ok());
    if !matches!(x, 1 | 2 | 10 | 16) {
        assert!(create(x, y, z, true).is_err(), "family {x}");
    }
});
