// SPDX-License-Identifier: GPL-2.0

//! Sockets on one port conflict if and only if their addresses overlap, in either order
//! and whatever they share.

use std::fs;
use std::io;

use libc::EADDRINUSE;

use crate::addr::{HOST4, HOST6, OVERLAPPING, PAIRS};
use crate::client::Assignment;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Reuse, Spec, KINDS, REUSES};
use crate::tenant::Tenant;

/// Whether two wildcard sockets both take packets of one family.
pub(super) fn families_meet(a: Kind, b: Kind) -> bool {
    (a != Kind::V6Only && b != Kind::V6Only) || (a != Kind::V4 && b != Kind::V4)
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = |what: &str| format!("{}_{what}", proto.name());
        tests.extend([
            behaviour(
                name("wildcards_of_disjoint_sets_never_conflict"),
                move || {
                    all_wildcards(proto, PAIRS.map(Tenant::new), |_, _| false);
                },
            ),
            behaviour(name("wildcards_of_overlapping_sets_conflict"), move || {
                let tenants = [PAIRS[0], OVERLAPPING].map(Tenant::new);
                all_wildcards(proto, tenants, families_meet);
            }),
            behaviour(
                name("wildcards_of_a_tenant_and_the_host_conflict"),
                move || {
                    let both = [Tenant::new(PAIRS[0]), Tenant::host()];
                    all_wildcards(proto, both, families_meet);
                },
            ),
            behaviour(
                name("wildcards_of_an_exclusive_tenant_and_the_host_never_conflict"),
                {
                    move || {
                        let terms = Assignment::EXCLUSIVE;
                        let both = [Tenant::with(PAIRS[0], &terms), Tenant::host()];
                        all_wildcards(proto, both, |_, _| false);
                    }
                },
            ),
            behaviour(
                name("sockets_of_one_tenant_conflict_as_on_a_host"),
                move || {
                    as_on_a_host(proto);
                },
            ),
            behaviour(
                name("member_sockets_conflict_where_they_overlap"),
                move || {
                    members(proto);
                },
            ),
            behaviour(
                name("wildcards_of_one_family_do_not_meet_sets_of_the_other"),
                move || {
                    let four = Tenant::new(&["10.0.0.1", "2001:db8::1"]);
                    let six = Tenant::new(&["10.0.0.2", "2001:db8::1"]);
                    // The sets have an IPv6 address in common, and no IPv4 address.
                    for (a, b, conflict) in [
                        (Kind::V4, Kind::V4, false),
                        (Kind::V4, Kind::Dual, false),
                        (Kind::V6Only, Kind::V6Only, true),
                        (Kind::Dual, Kind::V6Only, true),
                        (Kind::Dual, Kind::Dual, true),
                    ] {
                        let specs = [a, b].map(|kind| Spec::wildcard(proto, kind, 80));
                        pair(&[&four, &six], specs, conflict);
                        pair(&[&six, &four], [specs[1], specs[0]], conflict);
                    }
                },
            ),
            behaviour(
                name("port_0_finds_ports_that_only_other_tenants_have"),
                move || {
                    any_port(proto, PAIRS, true);
                },
            ),
            behaviour(
                name("port_0_finds_no_port_that_an_overlapping_tenant_has"),
                move || {
                    any_port(proto, [PAIRS[0], OVERLAPPING], false);
                },
            ),
            behaviour(
                name("a_crowded_port_has_room_for_every_disjoint_tenant"),
                move || {
                    many_on_one_port(proto);
                },
            ),
        ]);
    }
    tests
}

/// The errno of a socket that could not be opened.
pub(super) fn outcome(result: io::Result<()>) -> Result<(), i32> {
    result.map_err(|e| e.raw_os_error().unwrap_or(0))
}

/// Panics unless the second of two sockets, which different processes open, conflicts
/// with the first as expected.
#[track_caller]
pub(super) fn pair(who: &[&Tenant; 2], specs: [Spec; 2], conflict: bool) {
    who[0].serve("first", specs[0]);
    let second = outcome(who[1].open("second", specs[1]));
    who[0].close("first");
    who[1].close("second");
    let expected = if conflict { Err(EADDRINUSE) } else { Ok(()) };
    assert_eq!(
        second, expected,
        "opening {:?} after {:?}",
        specs[1], specs[0]
    );
}

/// Tries wildcards of all kinds against each other.
fn all_wildcards(proto: Proto, who: [Tenant; 2], conflict: fn(Kind, Kind) -> bool) {
    let mut port = 1000;
    for a in KINDS {
        for b in KINDS {
            for (reuse_a, reuse_b) in both(REUSES) {
                port += 1;
                let first = Spec::wildcard(proto, a, port).sharing(reuse_a);
                let second = Spec::wildcard(proto, b, port).sharing(reuse_b);
                pair(&[&who[0], &who[1]], [first, second], conflict(a, b));
                pair(&[&who[1], &who[0]], [first, second], conflict(a, b));
            }
        }
    }
}

pub(super) fn both(reuses: [Reuse; 3]) -> impl Iterator<Item = (Reuse, Reuse)> {
    reuses
        .into_iter()
        .flat_map(move |a| reuses.into_iter().map(move |b| (a, b)))
}

/// Two sockets of one tenant must give the same results as two of the host.
fn as_on_a_host(proto: Proto) {
    let (tenant, host) = (Tenant::new(PAIRS[0]), Tenant::host());
    let addrs = [
        Some("10.0.0.1"),
        Some("2001:db8::1"),
        Some("127.0.0.1"),
        None,
    ];
    let mut port = 1000;
    for (kind_a, kind_b) in KINDS.into_iter().flat_map(|a| KINDS.map(|b| (a, b))) {
        for (reuse_a, reuse_b) in both(REUSES) {
            for addr in addrs {
                port += 1;
                let first = Spec::wildcard(proto, kind_a, port).sharing(reuse_a);
                let second = match addr {
                    // The kind does not matter with an address: once is enough.
                    Some(_) if kind_b != kind_a => continue,
                    Some(addr) => Spec::at(proto, addr, port),
                    None => Spec::wildcard(proto, kind_b, port),
                }
                .sharing(reuse_b);
                let outcomes = [&host, &tenant].map(|who| {
                    let outcomes = [("1", first), ("2", second)]
                        .map(|(word, spec)| outcome(who.open(word, spec)));
                    ["1", "2"].iter().for_each(|word| who.close(word));
                    outcomes
                });
                assert_eq!(
                    outcomes[1], outcomes[0],
                    "a tenant and the host opening {first:?} and then {second:?}"
                );
            }
        }
    }
}

/// Tries sockets on one address against wildcards and each other.
fn members(proto: Proto) {
    let (a, b, c) = (
        Tenant::new(PAIRS[0]),
        Tenant::new(PAIRS[1]),
        Tenant::new(OVERLAPPING),
    );
    let host = Tenant::host();
    let mut port = 1000;
    let mut check = |who: [&Tenant; 2], addrs: [&str; 2], conflict: bool| {
        for (reuse_a, reuse_b) in both(REUSES) {
            port += 1;
            let spec = |addr: &str| match addr {
                "*" => Spec::wildcard(proto, Kind::Dual, port),
                "*4" => Spec::wildcard(proto, Kind::V4, port),
                _ => Spec::at(proto, addr, port),
            };
            let specs = [
                spec(addrs[0]).sharing(reuse_a),
                spec(addrs[1]).sharing(reuse_b),
            ];
            pair(&who, specs, conflict);
            pair(&[who[1], who[0]], [specs[1], specs[0]], conflict);
        }
    };
    // Tenants without a common address.
    check([&a, &b], ["*", "10.0.0.2"], false);
    check([&a, &b], ["10.0.0.1", "10.0.0.2"], false);
    check([&a, &b], ["127.0.0.1", "127.0.0.1"], false);
    check([&a, &b], ["::1", "::1"], false);
    check([&a, &b], ["*", "127.0.0.1"], false);
    // Tenants with common addresses.
    check([&a, &c], ["*", "10.1.0.1"], true);
    check([&a, &c], ["*", "2001:db8:1::1"], true);
    check([&a, &c], ["*4", "10.1.0.2"], false);
    check([&a, &c], ["10.0.0.1", "*"], false);
    check([&a, &c], ["10.1.0.1", "*"], true);
    check([&a, &c], ["10.1.0.1", "10.1.0.1"], true);
    check([&a, &c], ["10.1.0.1", "10.1.0.2"], false);
    check([&a, &c], ["127.0.0.1", "*"], false);
    // A tenant and the host.
    check([&a, &host], ["*", HOST4], false);
    check([&a, &host], ["*", HOST6], false);
    check([&a, &host], ["*", "10.0.0.1"], true);
    check([&a, &host], ["*", "2001:db8:1::1"], true);
    check([&a, &host], ["*", "127.0.0.1"], false);
    check([&a, &host], ["*", "::1"], false);
    check([&a, &host], ["10.0.0.1", "*"], true);
    check([&a, &host], ["10.0.0.1", "10.0.0.1"], true);
    check([&a, &host], ["127.0.0.1", "*"], false);
    check([&a, &host], ["127.0.0.1", "127.0.0.1"], false);
    check([&a, &host], ["::1", "::1"], false);
}

/// With four ports to choose from, each of two disjoint tenants finds four, and a tenant
/// that overlaps the first finds none.
fn any_port(proto: Proto, sets: [&'static [&'static str]; 2], disjoint: bool) {
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40003").expect("sysctl");
    let tenants = sets.map(Tenant::new);
    let spec = Spec::wildcard(proto, Kind::V4, 0);
    for nr in 0..4 {
        tenants[0].serve(&nr.to_string(), spec);
        let port = tenants[0].name(&nr.to_string()).port();
        assert!((40000..=40003).contains(&port), "{port}");
    }
    for nr in 0..5 {
        let opened = outcome(tenants[1].open(&nr.to_string(), spec));
        let expected = if disjoint && nr < 4 {
            Ok(())
        } else {
            Err(EADDRINUSE)
        };
        assert_eq!(opened, expected, "socket {nr} of the second tenant");
    }
}

/// The kernel caches facts about a port to spare itself comparisons. The cache must
/// neither permit sockets that conflict nor deny ones that do not.
fn many_on_one_port(proto: Proto) {
    let (a, b, c) = (
        Tenant::new(PAIRS[0]),
        Tenant::new(PAIRS[1]),
        Tenant::new(OVERLAPPING),
    );
    for reuse in [Reuse::Addr, Reuse::Port] {
        for kind in KINDS {
            let spec = Spec::wildcard(proto, kind, 80).sharing(reuse);
            let plain = Spec::wildcard(proto, kind, 80);
            let first = outcome(a.open("a1", spec));
            assert_eq!(first, Ok(()), "{reuse:?} {kind:?}");
            let again = outcome(a.open("a2", spec));
            if proto == Proto::Udp || reuse == Reuse::Port {
                assert_eq!(again, Ok(()), "{reuse:?} {kind:?}");
            }
            assert_eq!(outcome(c.open("c", spec)), Err(EADDRINUSE), "{kind:?}");
            assert_eq!(outcome(b.open("b1", spec)), Ok(()), "{kind:?}");
            assert_eq!(outcome(c.open("c", spec)), Err(EADDRINUSE), "{kind:?}");
            assert_eq!(outcome(b.open("b2", plain)), Err(EADDRINUSE), "{kind:?}");
            a.close("a1");
            a.close("a2");
            // Tenant b still has a common address with c.
            assert_eq!(outcome(c.open("c", spec)), Err(EADDRINUSE), "{kind:?}");
            b.close("b1");
            assert_eq!(outcome(c.open("c", spec)), Ok(()), "{kind:?}");
            assert_eq!(outcome(a.open("a1", spec)), Err(EADDRINUSE), "{kind:?}");
            c.close("c");
        }
    }
}
