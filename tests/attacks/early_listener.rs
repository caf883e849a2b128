// SPDX-License-Identifier: GPL-2.0

//! A process shares a port with others before it gets an association. The kernel looks
//! among such sockets for every packet that no other socket takes, so theirs must stay
//! theirs: those that join the host's group early, and those that change their scope on
//! the way.

use std::net::IpAddr;

use crate::addr::{ip, HOST4, HOST6, ONE, TWO};
use crate::client::Assignment;
use crate::crowd::Crowd;
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Reuse, Spec, KINDS};
use crate::tenant::Tenant;

/// How often each address is asked. Half of the packets would go to the thief.
const ATTEMPTS: usize = 24;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            let name = |what: &str| format!("{}_{}_{what}", proto.name(), kind.name());
            tests.extend([
                everywhere(
                    name("group_member_takes_packets_of_others_on_a_host"),
                    move || {
                        let both = [Tenant::host(), Tenant::host()];
                        for (who, word) in both.iter().zip(["victim", "thief"]) {
                            who.serve(word, group(proto, kind));
                        }
                        let all: Vec<_> = TWO.iter().copied().chain([HOST4, HOST6]).collect();
                        let seen = seen(proto, kind, &all);
                        assert!(seen.contains(&"thief".to_owned()), "the attack failed");
                    },
                ),
                behaviour(
                    name("group_member_from_before_takes_nothing_of_the_host"),
                    move || {
                        let _crowd = Crowd::on(&[80]);
                        let (host, mut thief) = (Tenant::host(), Tenant::host());
                        host.serve("victim", group(proto, kind));
                        thief.serve("thief", group(proto, kind));
                        thief.associate(ONE, &Assignment::EXCLUSIVE);
                        all_are(proto, kind, &[TWO, &[HOST4, HOST6]].concat(), "victim");
                        all_are(proto, kind, ONE, "thief");
                    },
                ),
                behaviour(
                    name("group_member_from_before_takes_nothing_of_a_tenant"),
                    move || {
                        let _crowd = Crowd::on(&[80]);
                        let [mut victim, mut thief] = [(); 2].map(|()| Tenant::host());
                        thief.serve("thief", group(proto, kind));
                        victim.serve("victim", group(proto, kind));
                        for (who, set) in [(&mut thief, ONE), (&mut victim, TWO)] {
                            who.associate(set, &Assignment::DEFAULT);
                        }
                        // It joins its own group again, with newer sockets.
                        thief.serve("thief", group(proto, kind));
                        all_are(proto, kind, TWO, "victim");
                        all_are(proto, kind, ONE, "thief");
                        victim.close("victim");
                        silent(proto, kind, TWO);
                        victim.serve("victim", group(proto, kind));
                        all_are(proto, kind, TWO, "victim");
                    },
                ),
                behaviour(
                    name("group_member_that_narrows_takes_nothing_of_a_part"),
                    move || {
                        let _crowd = Crowd::on(&[80]);
                        let mut thief = Tenant::host();
                        thief.serve("early", group(proto, kind));
                        thief.associate(&[ONE, TWO].concat(), &Assignment::DEFAULT);
                        // What it has narrowed away is not its newer sockets'.
                        thief.narrow(ONE).expect("narrow");
                        thief.close("early");
                        thief.serve("thief", group(proto, kind));
                        all_are(proto, kind, ONE, "thief");
                        silent(proto, kind, TWO);
                        let victim = Tenant::new(TWO);
                        victim.serve("victim", group(proto, kind));
                        thief.serve("thief", group(proto, kind));
                        all_are(proto, kind, TWO, "victim");
                    },
                ),
            ]);
        }
    }
    tests
}

fn group(proto: Proto, kind: Kind) -> Spec {
    Spec::wildcard(proto, kind, 80).sharing(Reuse::Port)
}

fn taken<'a>(kind: Kind, set: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    set.iter().copied().filter(move |a| kind.takes(ip(a)))
}

/// Who answers at these addresses.
fn seen(proto: Proto, kind: Kind, set: &[&str]) -> Vec<String> {
    let asked = taken(kind, set).flat_map(|addr| (0..ATTEMPTS).map(move |_| addr));
    asked
        .map(|addr| ask(proto, (addr, 80)).unwrap_or_else(|e| panic!("{addr}: {e}")))
        .collect()
}

/// Panics unless only servers with this word answer.
#[track_caller]
fn all_are(proto: Proto, kind: Kind, set: &[&str], word: &str) {
    let seen = seen(proto, kind, set);
    assert!(seen.iter().all(|w| w == word), "at {set:?}: {seen:?}");
}

/// Panics if anybody answers.
fn silent(proto: Proto, kind: Kind, set: &[&str]) {
    for addr in taken(kind, set) {
        nobody_answers(proto, (addr.parse::<IpAddr>().expect("an address"), 80));
    }
}
