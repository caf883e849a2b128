// SPDX-License-Identifier: GPL-2.0

//! The sets of tenants change while they, and many others, have sockets on a port.

use addrconf_abi::{Change, Target};

use crate::addr::{ip, HOST4, ONE, TWO};
use crate::child::{Channel, Child};
use crate::client::{Assignment, Device};
use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Spec, KINDS};
use crate::tenant::{answer_is, Tenant};

use super::ports::outcome;

/// The addresses that come and go.
const MOVING: [&str; 2] = ["10.1.0.3", "2001:db8:1::3"];

/// How often an address comes and goes.
const ROUNDS: usize = 25;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            for (terms, what) in [
                (Assignment::DEFAULT, "addresses"),
                (Assignment::EXCLUSIVE, "exclusive_addresses"),
            ] {
                for before in [false, true] {
                    let when = if before { "_from_before" } else { "" };
                    let name = format!(
                        "{}_{}_wildcard{when}_follows_its_{what}_in_a_crowd",
                        proto.name(),
                        kind.name()
                    );
                    tests.push(behaviour(name, move || {
                        let _crowd = Crowd::on(&[80]);
                        moves(proto, kind, &terms, before);
                    }));
                }
            }
        }
        let name = |what: &str| format!("{}_{what}_in_a_crowd", proto.name());
        tests.extend([
            behaviour(name("an_address_that_stays_is_never_lost"), move || {
                let _crowd = Crowd::on(&[80]);
                stays(proto);
            }),
            behaviour(name("ports_conflict_as_the_sets_say_now"), move || {
                let _crowd = Crowd::on(&[80]);
                conflicts_follow(proto);
            }),
            behaviour(
                name("a_new_owner_of_an_old_set_gets_its_packets"),
                move || {
                    let _crowd = Crowd::on(&[80]);
                    let spec = Spec::wildcard(proto, Kind::Dual, 80);
                    for nr in 0..10 {
                        // The set of the one before is taken back a little later.
                        let tenant = Tenant::with(ONE, &Assignment::EXCLUSIVE);
                        let word = nr.to_string();
                        tenant.serve(&word, spec);
                        for addr in ONE {
                            assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), word);
                        }
                        answer_is(&tenant, proto, "127.0.0.1", 80, &word);
                        tenant.close(&word);
                    }
                },
            ),
        ]);
    }
    tests
}

fn update(tenant: &Tenant, change: Change, set: &[&str]) {
    let id = Target::Association(tenant.id);
    let updated = Device::open().update(id, change, set, false);
    updated.unwrap_or_else(|e| panic!("{change:?} {set:?}: {e}"));
}

/// Addresses come to one tenant, and go to another. Both have wildcards all the time.
fn moves(proto: Proto, kind: Kind, terms: &Assignment, before: bool) {
    let spec = Spec::wildcard(proto, kind, 80);
    let mut one = Tenant::host();
    if before {
        one.serve("one", spec);
    }
    one.associate(ONE, terms);
    if !before {
        one.serve("one", spec);
    }
    let two = Tenant::with(TWO, terms);
    two.serve("two", spec);
    let expect = |word: Option<&str>| {
        for addr in MOVING.iter().filter(|a| kind.takes(ip(a))) {
            match word {
                Some(word) => assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), word),
                None => nobody_answers(proto, (*addr, 80)),
            }
        }
        for (set, word) in [(ONE, "one"), (TWO, "two")] {
            for addr in set.iter().filter(|a| kind.takes(ip(a))) {
                assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), word);
            }
        }
        nobody_answers(proto, (HOST4, 80));
    };
    let prefixes = ["10.1.0.0/24", "2001:db8:1::/64"];
    expect(None);
    for way in [MOVING, prefixes] {
        update(&one, Change::Add, &way);
        expect(Some("one"));
        update(&one, Change::Remove, &way);
        expect(None);
        update(&two, Change::Add, &way);
        expect(Some("two"));
        update(&two, Change::Remove, &way);
        update(&one, Change::Replace, &[ONE, &way].concat());
        expect(Some("one"));
        update(&one, Change::Replace, ONE);
        expect(None);
    }
}

/// A client asks again and again while other addresses come and go.
fn stays(proto: Proto) {
    let tenant = Tenant::with(ONE, &Assignment::EXCLUSIVE);
    tenant.serve("me", Spec::wildcard(proto, Kind::Dual, 80));
    let (some, enough) = (Channel::new(), Channel::new());
    let client = Child::spawn(|| {
        let mut count = 0;
        while !enough.has_line() || count < ROUNDS {
            let addr = ONE[count % ONE.len()];
            let word = ask(proto, (addr, 80)).unwrap_or_else(|e| panic!("{addr}: {e}"));
            assert_eq!(word, "me");
            count += 1;
            some.send("");
        }
    });
    for _ in 0..ROUNDS {
        some.receive();
        update(&tenant, Change::Add, &MOVING);
        update(&tenant, Change::Remove, &MOVING);
        update(&tenant, Change::Replace, &[ONE, &["10.0.0.0/30"]].concat());
        update(&tenant, Change::Replace, ONE);
    }
    enough.send("");
    client.succeeded();
}

/// What was no conflict becomes one, and the other way round.
fn conflicts_follow(proto: Proto) {
    let (one, two) = (Tenant::new(ONE), Tenant::new(TWO));
    let specs = [
        Spec::wildcard(proto, Kind::Dual, 80),
        Spec::at(proto, MOVING[0], 80),
        Spec::at(proto, MOVING[1], 80),
    ];
    let refused = |who: &Tenant, spec| {
        let opened = outcome(who.open("refused", spec));
        assert_eq!(opened, Err(libc::EADDRINUSE), "{spec:?}");
    };
    for _ in 0..3 {
        one.serve("one", specs[0]);
        two.serve("two", specs[0]);
        two.close("two");
        for (who, set) in [(&one, ONE), (&two, TWO)] {
            update(who, Change::Replace, &[set, &MOVING].concat());
        }
        specs.iter().for_each(|&spec| refused(&two, spec));
        one.close("one");
        for spec in specs {
            two.serve("two", spec);
            refused(&one, specs[0]);
            refused(&one, spec);
            two.close("two");
        }
        update(&two, Change::Replace, TWO);
        two.serve("two", specs[0]);
        for spec in specs {
            one.serve("one", spec);
            one.close("one");
        }
        two.close("two");
        update(&one, Change::Replace, ONE);
    }
}
