// SPDX-License-Identifier: GPL-2.0

//! A wildcard socket of a tenant gets its packets, and no others, on a port where many
//! other tenants have sockets.

use crate::addr::{
    ip, ANY4, HOST4, HOST6, OVERLAPPING, PAIRS, PREFIXES, SEVERAL, THIRD_PAIR, V4_ONLY, V6_ONLY,
};
use crate::child::as_tenant;
use crate::client::Assignment;
use crate::crowd::{wildcards_in_a_crowd, Crowd};
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Reuse, Spec, KINDS};
use crate::tenant::{answer_is, no_answer, Tenant};

use super::ports::outcome;
use super::scope::receives_on_the_set_only;

const IN_USE: Result<(), i32> = Err(libc::EADDRINUSE);

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            let mut add = |what: &str, run: fn(Proto, Kind)| {
                tests.push(wildcards_in_a_crowd(proto, kind, what, run));
            };
            add("wildcard_receives_on_its_set_only", |proto, kind| {
                for set in [SEVERAL, PREFIXES, V4_ONLY, V6_ONLY] {
                    let tenant = Tenant::new(set);
                    tenant.serve("me", Spec::wildcard(proto, kind, 80));
                    receives_on_the_set_only(&tenant, set, proto, kind);
                }
            });
            add("wildcards_of_three_tenants_and_the_host", four_owners);
            add("wildcard_shares_no_address", shared_address);
            add("wildcards_of_parts_receive_for_their_part", parts);
            add("reuseport_wildcards_of_parts_never_mix", grouped_parts);
            add("reuseport_wildcards_stay_in_their_tenant", |proto, kind| {
                grouped_tenants(proto, kind);
            });
            add("reuseport_wildcards_of_the_host_share", |proto, kind| {
                let (host, tenant) = (
                    Tenant::host(),
                    Tenant::with(PAIRS[0], &Assignment::EXCLUSIVE),
                );
                let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Port);
                for worker in ["1", "2"] {
                    host.serve(&format!("h-{worker}"), spec);
                    tenant.serve(&format!("t-{worker}"), spec);
                }
                both_workers(proto, kind, &[HOST4, HOST6], "h-", Some(&host));
                both_workers(proto, kind, PAIRS[0], "t-", Some(&tenant));
            });
        }
        tests.push(behaviour(
            format!("{}_own_sockets_come_before_in_a_crowd", proto.name()),
            move || {
                let _crowd = Crowd::on(&[80]);
                own_loopback(proto);
            },
        ));
    }
    tests
}

/// Panics unless each address of `set` that `kind` takes answers with `word`, and its
/// loopback does.
fn answers(who: &Tenant, set: &[&str], proto: Proto, kind: Kind, word: &str) {
    for addr in set.iter().filter(|a| kind.takes(ip(a))) {
        let got = ask(proto, (*addr, 80)).unwrap_or_else(|e| panic!("{addr}: {e}"));
        assert_eq!(got, word, "the wrong server answers at {addr}");
    }
    let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
    answer_is(who, proto, loopback, 80, word);
}

fn four_owners(proto: Proto, kind: Kind) {
    let sets = [PAIRS[0], PAIRS[1], THIRD_PAIR];
    let mut all = vec![(Tenant::host(), vec![HOST4, HOST6], "host".to_owned())];
    for (nr, set) in sets.iter().enumerate() {
        let tenant = Tenant::with(set, &Assignment::EXCLUSIVE);
        all.push((tenant, set.to_vec(), nr.to_string()));
    }
    for (who, _, word) in &all {
        who.serve(word, Spec::wildcard(proto, kind, 80));
    }
    for (who, set, word) in &all {
        answers(who, set, proto, kind, word);
    }
    // The host's is not a substitute for a tenant's.
    all[2].0.close("1");
    for addr in PAIRS[1] {
        nobody_answers(proto, (*addr, 80));
    }
    for (who, set, word) in all.iter().filter(|(_, _, word)| word != "1") {
        answers(who, set, proto, kind, word);
    }
}

/// Two tenants have addresses in common. One of them can have the port, and gets all.
fn shared_address(proto: Proto, kind: Kind) {
    let tenants = [PAIRS[0], OVERLAPPING].map(Tenant::new);
    let common: Vec<&str> = OVERLAPPING
        .iter()
        .filter(|a| PAIRS[0].contains(a))
        .copied()
        .collect();
    let spec = Spec::wildcard(proto, kind, 80);
    for (first, second) in [(0, 1), (1, 0), (0, 1)] {
        let set = [PAIRS[0], OVERLAPPING][first];
        tenants[first].serve("first", spec);
        assert_eq!(outcome(tenants[second].open("second", spec)), IN_USE);
        answers(&tenants[first], set, proto, kind, "first");
        // Its own loopback is not the other's.
        no_answer(&tenants[second], proto, "127.0.0.1", 80, libc::ECONNREFUSED);
        tenants[first].close("first");
        common
            .iter()
            .for_each(|addr| nobody_answers(proto, (*addr, 80)));
    }
}

/// Parts of a tenant, and the whole, have one key.
fn parts(proto: Proto, kind: Kind) {
    let (host, other) = (Tenant::host(), Tenant::new(PAIRS[1]));
    other.serve("other", Spec::wildcard(proto, kind, 80));
    as_tenant(PAIRS[0], || {
        let sets = [&PAIRS[0][..1], &PAIRS[0][1..2], &PAIRS[0][2..]];
        let parts = sets.map(|set| {
            let part = Tenant::host();
            part.narrow(set).expect("narrow");
            part.serve(set[0], Spec::wildcard(proto, kind, 80));
            part
        });
        for (part, set) in parts.iter().zip(sets) {
            for addr in set.iter().filter(|a| kind.takes(ip(a))) {
                for client in [&host, &other] {
                    answer_is(client, proto, *addr, 80, set[0]);
                }
            }
            let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
            answer_is(part, proto, loopback, 80, set[0]);
        }
        // The whole's loopback is nobody's.
        for addr in ["127.0.0.1", "::1", HOST4, HOST6] {
            nobody_answers(proto, (addr, 80));
        }
        parts[1].close(sets[1][0]);
        nobody_answers(proto, (sets[1][0], 80));
    });
    answers(&other, PAIRS[1], proto, kind, "other");
}

/// Sockets of parts are in one chain, and share the port, but not in one group.
fn grouped_parts(proto: Proto, kind: Kind) {
    as_tenant(PAIRS[0], || {
        let sets = [["10.0.0.1", "2001:db8::1"], ["10.1.0.1", "2001:db8:1::1"]];
        let parts: Vec<Tenant> = sets
            .iter()
            .map(|set| {
                let part = Tenant::host();
                part.narrow(set).expect("narrow");
                part
            })
            .collect();
        for worker in ["1", "2"] {
            for (part, set) in parts.iter().zip(sets) {
                let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Port);
                part.serve(&format!("{}-{worker}", set[0]), spec);
            }
        }
        for (part, set) in parts.iter().zip(sets) {
            both_workers(proto, kind, &set, &format!("{}-", set[0]), Some(part));
        }
    });
}

fn grouped_tenants(proto: Proto, kind: Kind) {
    let tenants = PAIRS.map(Tenant::new);
    for worker in ["1", "2"] {
        for (tenant, set) in tenants.iter().zip(PAIRS) {
            let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Port);
            tenant.serve(&format!("{}-{worker}", set[0]), spec);
        }
    }
    for (tenant, set) in tenants.iter().zip(PAIRS) {
        both_workers(proto, kind, set, &format!("{}-", set[0]), Some(tenant));
    }
    for addr in [HOST4, HOST6, "10.1.0.3", "127.0.0.1", "::1"] {
        nobody_answers(proto, (addr, 80));
    }
}

/// Panics unless two workers, whose words have this prefix, share the addresses.
pub(super) fn both_workers(
    proto: Proto,
    kind: Kind,
    set: &[&str],
    prefix: &str,
    who: Option<&Tenant>,
) {
    let mut seen = Vec::new();
    for addr in set.iter().filter(|a| kind.takes(ip(a))) {
        seen.extend((0..24).map(|_| ask(proto, (*addr, 80)).expect("no answer")));
    }
    let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
    let inside = who.map(|who| who.ask(proto, loopback, 80).expect("no answer"));
    seen.extend(inside);
    for worker in ["1", "2"] {
        let word = format!("{prefix}{worker}");
        assert!(seen.contains(&word), "{word} never answered: {seen:?}");
    }
    assert!(
        seen.iter().all(|word| word.starts_with(prefix)),
        "others answered at {set:?}: {seen:?}"
    );
}

/// A socket on a tenant's 127.0.0.1 and one on a specific address are found, each under
/// its own key, and leave the rest to a neighbour's wildcard.
fn own_loopback(proto: Proto) {
    let tenants = PAIRS.map(Tenant::new);
    for (nr, tenant) in tenants.iter().enumerate() {
        for addr in [PAIRS[nr][0], PAIRS[nr][3], "127.0.0.1", "::1"] {
            tenant.serve(&format!("{nr}-{addr}"), Spec::at(proto, addr, 80));
        }
    }
    for (nr, tenant) in tenants.iter().enumerate() {
        for addr in [PAIRS[nr][0], PAIRS[nr][3]] {
            answer_is(&tenants[1 - nr], proto, addr, 80, &format!("{nr}-{addr}"));
        }
        for addr in ["127.0.0.1", "::1"] {
            answer_is(tenant, proto, addr, 80, &format!("{nr}-{addr}"));
        }
        nobody_answers(proto, (PAIRS[nr][1], 80));
    }
    for addr in ["127.0.0.1", "::1"] {
        nobody_answers(proto, (addr, 80));
        tenants[0].close(&format!("0-{addr}"));
        no_answer(&tenants[0], proto, addr, 80, libc::ECONNREFUSED);
        answer_is(&tenants[1], proto, addr, 80, &format!("1-{addr}"));
    }
}
