// SPDX-License-Identifier: GPL-2.0

//! Sockets conflict as they do elsewhere on a port where many other tenants have sockets.
//! There the kernel compares only with those that it looks up.

use libc::EADDRINUSE;

use crate::addr::{HOST4, HOST6, OVERLAPPING, PAIRS, PREFIXES, THIRD_PAIR};
use crate::child::as_tenant;
use crate::client::Assignment;
use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Spec, KINDS, REUSES};
use crate::tenant::Tenant;

use super::ports::{both, families_meet, outcome, pair};

/// A set with more addresses than the kernel looks up. The first is in [`PAIRS`], the last
/// in [`OVERLAPPING`].
pub(super) const SEVENTEEN: &[&str] = &[
    "10.1.0.1",
    "10.8.0.1",
    "10.8.0.2",
    "10.8.0.3",
    "10.8.0.4",
    "10.8.0.5",
    "10.8.0.6",
    "10.8.0.7",
    "10.8.0.8",
    "10.8.0.9",
    "10.8.0.10",
    "10.8.0.11",
    "10.8.0.12",
    "10.8.0.13",
    "10.8.0.14",
    "10.8.0.15",
    "2001:db8:1::3",
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let mut add = |what: &str, run: fn(Proto)| {
            let name = format!("{}_{what}_in_a_crowd", proto.name());
            tests.push(behaviour(name, move || {
                let _crowd = Crowd::on(&[80]);
                run(proto);
            }));
        };
        add("wildcards_of_disjoint_sets_never_conflict", |proto| {
            wildcards(proto, &PAIRS.map(Tenant::new), |_, _| false);
        });
        add("wildcards_of_overlapping_sets_conflict", |proto| {
            let who = [PAIRS[0], OVERLAPPING].map(Tenant::new);
            wildcards(proto, &who, families_meet);
        });
        add("wildcards_of_a_tenant_and_the_host_conflict", |proto| {
            let who = [Tenant::new(PAIRS[0]), Tenant::host()];
            wildcards(proto, &who, families_meet);
        });
        add(
            "wildcards_of_an_exclusive_tenant_and_the_host_never_conflict",
            |proto| {
                let tenant = Tenant::with(PAIRS[0], &Assignment::EXCLUSIVE);
                wildcards(proto, &[tenant, Tenant::host()], |_, _| false);
            },
        );
        for (what, set) in [
            ("seventeen_addresses", SEVENTEEN),
            ("prefixes", &["10.1.0.0/25", "2001:db8:1::/64"]),
        ] {
            let name = format!("{}_wildcards_of_{what}_conflict_in_a_crowd", proto.name());
            tests.push(behaviour(name, move || {
                let _crowd = Crowd::on(&[80]);
                let who = [Tenant::new(set), Tenant::new(PAIRS[0])];
                let conflict = match what {
                    "prefixes" => families_meet,
                    // They have an IPv4 address in common.
                    _ => |a, b| a != Kind::V6Only && b != Kind::V6Only,
                };
                wildcards(proto, &who, conflict);
            }));
        }
        let mut add = |what: &str, run: fn(Proto)| {
            let name = format!("{}_{what}_in_a_crowd", proto.name());
            tests.push(behaviour(name, move || {
                let _crowd = Crowd::on(&[80]);
                run(proto);
            }));
        };
        add("sockets_on_addresses_conflict_with_wildcards", specific);
        add("sockets_of_parts_conflict_where_they_overlap", parts);
        add(
            "sockets_of_a_tenant_conflict_as_on_an_empty_port",
            |proto| {
                as_on_an_empty_port(proto, &Tenant::new(PAIRS[0]));
            },
        );
        add("sockets_of_a_part_conflict_as_on_an_empty_port", |proto| {
            let part = Tenant::new(&[PAIRS[0], PREFIXES].concat());
            part.narrow(PAIRS[0]).expect("narrow");
            as_on_an_empty_port(proto, &part);
        });
        add(
            "sockets_of_a_large_set_conflict_as_on_an_empty_port",
            |proto| {
                as_on_an_empty_port(proto, &Tenant::new(&[PAIRS[0], &SEVENTEEN[1..]].concat()));
            },
        );
        add(
            "sockets_of_the_host_conflict_as_on_an_empty_port",
            |proto| {
                as_on_an_empty_port(proto, &Tenant::host());
            },
        );
    }
    tests
}

/// Tries wildcards of all kinds against each other.
fn wildcards(proto: Proto, who: &[Tenant; 2], conflict: fn(Kind, Kind) -> bool) {
    for (a, b) in KINDS.into_iter().flat_map(|a| KINDS.map(|b| (a, b))) {
        for (reuse_a, reuse_b) in both(REUSES) {
            let first = Spec::wildcard(proto, a, 80).sharing(reuse_a);
            let second = Spec::wildcard(proto, b, 80).sharing(reuse_b);
            pair(&[&who[0], &who[1]], [first, second], conflict(a, b));
            pair(&[&who[1], &who[0]], [first, second], conflict(a, b));
        }
    }
}

/// Tries two sockets with all options, in both orders.
fn check(proto: Proto, who: [&Tenant; 2], addrs: [&str; 2], conflict: bool) {
    let spec = |addr: &str| match addr {
        "*" => Spec::wildcard(proto, Kind::Dual, 80),
        "*4" => Spec::wildcard(proto, Kind::V4, 80),
        "*6" => Spec::wildcard(proto, Kind::V6Only, 80),
        _ => Spec::at(proto, addr, 80),
    };
    for (reuse_a, reuse_b) in both(REUSES) {
        let specs = [
            spec(addrs[0]).sharing(reuse_a),
            spec(addrs[1]).sharing(reuse_b),
        ];
        pair(&who, specs, conflict);
        pair(&[who[1], who[0]], [specs[1], specs[0]], conflict);
    }
}

fn specific(proto: Proto) {
    let (a, b, c) = (
        Tenant::new(PAIRS[0]),
        Tenant::new(PAIRS[1]),
        Tenant::new(OVERLAPPING),
    );
    let (host, large) = (Tenant::host(), Tenant::new(SEVENTEEN));
    let prefix = Tenant::new(&["10.1.0.0/24", "2001:db8:1::/64"]);
    let exclusive = Tenant::with(THIRD_PAIR, &Assignment::EXCLUSIVE);
    let check = |who, addrs, conflict| check(proto, who, addrs, conflict);
    // Tenants without a common address.
    for addrs in [
        ["*", "10.0.0.2"],
        ["*", "127.0.0.1"],
        ["127.0.0.1", "127.0.0.1"],
        ["::1", "::1"],
        ["10.0.0.1", "10.0.0.2"],
    ] {
        check([&a, &b], addrs, false);
    }
    // Tenants with common addresses.
    for other in [&c, &prefix] {
        check([&a, other], ["*", "10.1.0.1"], true);
        check([&a, other], ["*", "2001:db8:1::1"], true);
        check([&a, other], ["*6", "10.1.0.1"], false);
        check([&a, other], ["*", "10.1.0.2"], false);
        check([&a, other], ["10.0.0.1", "*"], false);
        check([&a, other], ["10.1.0.1", "*4"], true);
        check([&a, other], ["10.1.0.1", "10.1.0.1"], true);
        check([&a, other], ["127.0.0.1", "*"], false);
    }
    check([&a, &large], ["10.1.0.1", "*"], true);
    check([&a, &large], ["10.0.0.1", "*"], false);
    check([&a, &large], ["*", "10.1.0.1"], true);
    check([&c, &large], ["2001:db8:1::3", "*"], true);
    check([&c, &large], ["2001:db8:1::3", "*4"], false);
    check([&c, &large], ["*", "2001:db8:1::3"], true);
    check([&prefix, &large], ["10.1.0.1", "*"], true);
    check([&prefix, &large], ["10.1.0.2", "*"], false);
    // A tenant and the host.
    for tenant in [&a, &prefix] {
        check([tenant, &host], ["*", HOST4], false);
        check([tenant, &host], ["*", HOST6], false);
        check([tenant, &host], ["*", "10.1.0.1"], true);
        check([tenant, &host], ["*", "2001:db8:1::1"], true);
        check([tenant, &host], ["*4", "2001:db8:1::1"], false);
        check([tenant, &host], ["*", "127.0.0.1"], false);
        check([tenant, &host], ["*", "::1"], false);
        check([tenant, &host], ["10.1.0.1", "*"], true);
        check([tenant, &host], ["10.1.0.1", "10.1.0.1"], true);
        check([tenant, &host], ["127.0.0.1", "*"], false);
        check([tenant, &host], ["127.0.0.1", "127.0.0.1"], false);
    }
    // Its wildcard leaves exclusive addresses alone, unlike its other sockets.
    check([&exclusive, &host], ["*", "*"], false);
    check([&exclusive, &host], ["10.0.0.3", "*"], false);
    check([&exclusive, &host], ["2001:db8::3", "*"], false);
    check([&exclusive, &host], ["*", "10.0.0.3"], true);
    check([&exclusive, &host], ["*", "2001:db8::3"], true);
    check([&exclusive, &host], ["10.0.0.3", "10.0.0.3"], true);
    check([&exclusive, &c], ["10.1.0.3", "*"], true);
}

/// A part against its whole and against other parts. All have one key.
fn parts(proto: Proto) {
    let (host, other) = (Tenant::host(), Tenant::new(OVERLAPPING));
    as_tenant(PAIRS[0], || {
        let [whole, low, high, same] = [(); 4].map(|()| Tenant::host());
        low.narrow(&["10.0.0.1", "2001:db8::1"]).expect("narrow");
        high.narrow(&["10.1.0.1", "2001:db8:1::1"]).expect("narrow");
        same.narrow(&["10.1.0.1"]).expect("narrow");
        let check = |who, addrs, conflict| check(proto, who, addrs, conflict);
        for part in [&low, &high, &same] {
            check([&whole, part], ["*", "*"], true);
            check([&whole, part], ["*", "127.0.0.1"], false);
            check([&whole, part], ["127.0.0.1", "127.0.0.1"], false);
            check([&whole, part], ["::1", "*"], false);
        }
        check([&whole, &low], ["10.0.0.1", "*"], true);
        check([&whole, &low], ["10.1.0.1", "*"], false);
        check([&whole, &low], ["*", "10.0.0.1"], true);
        check([&whole, &low], ["10.0.0.1", "10.0.0.1"], true);
        check([&low, &high], ["*", "*"], false);
        check([&low, &high], ["*", "10.1.0.1"], false);
        check([&low, &high], ["127.0.0.1", "127.0.0.1"], false);
        check([&high, &same], ["*", "*"], true);
        check([&high, &same], ["*6", "*"], false);
        check([&high, &same], ["10.1.0.1", "*"], true);
        check([&high, &same], ["*", "10.1.0.1"], true);
        check([&low, &other], ["*", "*"], false);
        check([&high, &other], ["*", "*"], true);
        check([&high, &other], ["*", "10.1.0.1"], true);
        check([&high, &other], ["10.1.0.1", "*"], true);
        check([&low, &host], ["*", "10.0.0.1"], true);
        check([&low, &host], ["*", "10.1.0.1"], false);
        check([&low, &host], ["*", "*"], true);
    });
}

/// Two sockets of one owner must give the same results as two of the host on a port of
/// their own.
fn as_on_an_empty_port(proto: Proto, who: &Tenant) {
    let host = Tenant::host();
    let addrs = ["10.0.0.1", "2001:db8::1", "127.0.0.1", "::1", "*"];
    let opening = |who: &Tenant, specs: [Spec; 2]| {
        let outcomes =
            [("1", specs[0]), ("2", specs[1])].map(|(word, spec)| outcome(who.open(word, spec)));
        ["1", "2"].iter().for_each(|word| who.close(word));
        outcomes
    };
    let spec = |addr: &str, kind| match addr {
        "*" => Spec::wildcard(proto, kind, 80),
        _ => Spec::at(proto, addr, 80),
    };
    let mut port = 1000;
    for (kind_a, kind_b) in KINDS.into_iter().flat_map(|a| KINDS.map(|b| (a, b))) {
        for (addr, first) in addrs.iter().flat_map(|a| [(a, true), (a, false)]) {
            // The kind does not matter with an address: once is enough.
            if *addr != "*" && kind_b != kind_a {
                continue;
            }
            for (reuse_a, reuse_b) in both(REUSES) {
                port += 1;
                let mut specs = [
                    spec("*", kind_a).sharing(reuse_a),
                    spec(addr, kind_b).sharing(reuse_b),
                ];
                if first {
                    specs.reverse();
                }
                let empty = opening(&host, specs.map(|spec| Spec { port, ..spec }));
                let crowded = opening(who, specs);
                assert_eq!(crowded, empty, "opening {specs:?}, here and elsewhere");
                assert_eq!(empty[0], Ok(()));
                assert!(empty[1].is_ok() || empty[1] == Err(EADDRINUSE));
            }
        }
    }
}
