// SPDX-License-Identifier: GPL-2.0

//! Checks which prefixes are allowed in address sets, and compares lookups with
//! trying every prefix. Also checks the tables of sockets and options, for any number.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::place::network;
use addrconf_fuzz_host::naive::{naively_within, OwnedSet};
use addrconf_policy::{
    control, create, look, option, request, ring_command, Family, Prefix, Refusal, Source,
};
use libfuzzer_sys::fuzz_target;

/// The first and the last address of a prefix, computed bit by bit.
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

/// Whether a set may have this address.
fn is_allowed(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => !matches!(a.octets()[0], 0 | 127 | 224..),
        IpAddr::V6(a) => {
            let bits = u128::from(a);
            bits > 1 && bits >> 32 != 0xffff && bits >> 120 != 0xff
        }
    }
}

/// Whether a set may have all addresses of a network. Of the addresses that it may not have,
/// the network contains the first of a block, or begins within one.
fn may_have(net: IpAddr, len: u8) -> bool {
    let blocks = [
        "0.0.0.0",
        "127.0.0.0",
        "224.0.0.0",
        "::",
        "::1",
        "::ffff:0.0.0.0",
        "ff00::",
    ];
    let firsts = blocks.map(|first| first.parse().expect("an address"));
    let width = if net.is_ipv4() { 32 } else { 128 };
    (1..=width).contains(&len)
        && is_allowed(net)
        && !firsts
            .into_iter()
            .any(|first| naively_within(net, len, first))
}

fn watch_prefix(prefix: &Prefix) {
    for end in ends(prefix) {
        assert!(is_allowed(end), "{prefix} has {end}");
    }
}

fn watch_set(set: &OwnedSet, addr: IpAddr) {
    let view = set.view();
    assert_eq!(
        view.contains(addr),
        set.naively_has(addr),
        "{addr} in {set:?}"
    );
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

/// Options that join a group fail with `NoDevice`, with and without raw sockets. An
/// option that is unknown when it is set is unknown, or refused, when it is read.
fn watch_option(level: i32, name: i32) {
    let joins = match level {
        0 => matches!(name, 35 | 37..=39 | 41..=44 | 46 | 48),
        41 => matches!(name, 20 | 42..=44 | 46 | 48),
        _ => false,
    };
    for raw in [false, true] {
        let set = option(level, name, raw);
        assert_eq!(set == Err(Refusal::Multicast), joins, "{level} {name}");
    }
    let unknown = Err(Refusal::OptionUnknown);
    let looked = look(level, name);
    if option(level, name, false) == unknown {
        assert!(matches!(
            looked,
            Err(Refusal::OptionUnknown | Refusal::SocketOutside)
        ));
    } else {
        assert_ne!(looked, unknown);
    }
}

/// Requests that change a socket of others, or take data from it, are refused.
fn watch_descriptor(number: u32) {
    // FIONBIO, FIOASYNC, FIOSETOWN, SIOCSPGRP.
    if matches!(number, 0x5421 | 0x5452 | 0x8901 | 0x8902) {
        assert_eq!(request(number), Err(Refusal::SocketOutside));
    } else {
        assert!(matches!(
            request(number),
            Ok(()) | Err(Refusal::RequestUnknown)
        ));
    }
    // F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX.
    if matches!(number, 4 | 8 | 10 | 15) {
        assert_eq!(control(number), Err(Refusal::SocketOutside));
    }
    if number > 5 {
        assert_eq!(ring_command(number), Err(Refusal::SocketOutside));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes::new(bytes);
    let (a, b, addr) = (bytes.set(), bytes.set(), bytes.ip());
    watch_set(&a, addr);
    watch_set(&b, addr);
    let (net, len) = (bytes.ip(), bytes.u8());
    let net = network(net, len);
    let drawn = Prefix::new(net, len);
    assert_eq!(drawn.is_ok(), may_have(net, len), "{net}/{len}: {drawn:?}");
    if let Ok(prefix) = drawn {
        watch_prefix(&prefix);
        // A covered prefix misses no address. Its ends and `addr` are tried.
        if a.view().covers(&prefix) {
            assert!(ends(&prefix).into_iter().all(|end| a.naively_has(end)));
            assert!(
                !a.view().covers(&prefix)
                    || a.naively_has(addr)
                    || !OwnedSet::new(vec![prefix]).naively_has(addr)
            );
        }
    }
    // Of two sets that intersect, one contains an end of a prefix of the other.
    let meet = |v4: bool| {
        let met = |a: &OwnedSet, b: &OwnedSet| {
            a.prefixes
                .iter()
                .flat_map(ends)
                .any(|end| end.is_ipv4() == v4 && b.naively_has(end))
        };
        met(&a, &b) || met(&b, &a)
    };
    assert_eq!(a.view().intersects(&b.view(), true, false), meet(true));
    assert_eq!(a.view().intersects(&b.view(), false, true), meet(false));
    assert!(!a.view().intersects(&b.view(), false, false));

    // Subtracting leaves exactly the addresses of `a` that are not in `b`.
    let probes = [&a, &b].into_iter().flat_map(|set| &set.prefixes);
    for addr in probes.flat_map(ends).chain([addr]) {
        assert_eq!(
            a.without_holds(&b, addr),
            a.naively_has(addr) && !b.naively_has(addr)
        );
    }

    let numbers: [[u8; 4]; 3] = [bytes.array(), bytes.array(), bytes.array()];
    let [x, y, z] = numbers.map(i32::from_ne_bytes);
    // Allowing raw sockets never forbids anything.
    assert!(create(x, y, z, false).is_err() || create(x, y, z, true).is_ok());
    assert!(option(x, y, false).is_err() || option(x, y, true).is_ok());
    watch_option(x, y);
    watch_descriptor(x as u32);
    // Few numbers are valid, and most of those are small.
    watch_option(x & 63, y & 255);
    watch_descriptor((x & 0xffff) as u32);
    if !matches!(x, 1 | 2 | 10 | 16) {
        assert!(create(x, y, z, true).is_err(), "family {x}");
    }
});
