// SPDX-License-Identifier: GPL-2.0

//! Very many tenants have one address, each in a way of its own. Whichever has a socket on
//! a port gets the packets there, and keeps all others from the port.

use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Reuse, Spec};
use crate::tenant::{answer_is, Tenant};

use super::crowd_ports::SEVENTEEN;
use super::ports::outcome;

const IN_USE: Result<(), i32> = Err(libc::EADDRINUSE);

/// More tenants than the kernel looks up for a socket that asks for a port, and than it
/// looks up at a time for a packet.
const MANY: usize = 20;

/// What all of them have.
const SHARED: [&str; 2] = ["10.1.0.1", "2001:db8:1::1"];

/// Ways to have it.
const WAYS: [&[&str]; 5] = [
    &SHARED,
    &["10.1.0.0/24", "2001:db8:1::/64"],
    &["10.1.0.0/31", "2001:db8:1::/127"],
    &["10.0.0.0/15", "2001:db8::/47"],
    &[
        "10.1.0.0/24",
        "10.1.0.1",
        "2001:db8:1::1",
        "2001:db8:1::/64",
    ],
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = |what: &str| format!("{}_{what}_in_a_crowd", proto.name());
        tests.extend([
            behaviour(name("each_of_many_owners_of_an_address_has_the_port"), {
                move || {
                    let _crowd = Crowd::on(&[80]);
                    each_of_many(proto, |nr| WAYS[nr % WAYS.len()]);
                }
            }),
            behaviour(name("each_of_many_equal_tenants_has_the_port"), move || {
                let _crowd = Crowd::on(&[80]);
                each_of_many(proto, |_| &SHARED);
            }),
            behaviour(
                name("an_owner_with_many_addresses_has_the_port"),
                move || {
                    let _crowd = Crowd::on(&[80]);
                    // All but the last of a tenant's addresses are others' as well.
                    let others: Vec<Tenant> =
                        SEVENTEEN[..16].iter().map(|a| Tenant::new(&[a])).collect();
                    let sixteen = Tenant::new(&SEVENTEEN[..16]);
                    let seventeen = Tenant::new(SEVENTEEN);
                    let spec = Spec::wildcard(proto, Kind::Dual, 80).sharing(Reuse::Addr);
                    for other in &others {
                        other.serve("other", spec);
                        for tenant in [&sixteen, &seventeen] {
                            assert_eq!(outcome(tenant.open("me", spec)), IN_USE);
                        }
                        other.close("other");
                        for tenant in [&sixteen, &seventeen] {
                            tenant.serve("me", spec);
                            assert_eq!(outcome(other.open("other", spec)), IN_USE);
                            assert_eq!(ask(proto, ("10.1.0.1", 80)).expect("no answer"), "me");
                            tenant.close("me");
                        }
                    }
                },
            ),
        ]);
    }
    tests
}

/// One tenant more comes, again and again, and has the port after the first one, and
/// before it.
fn each_of_many(proto: Proto, way: fn(usize) -> &'static [&'static str]) {
    // Connections that are in TIME_WAIT, when the server was the first to close, are not
    // to be in the way.
    let spec = Spec::wildcard(proto, Kind::Dual, 80).sharing(Reuse::Addr);
    let outsider = Tenant::new(&["10.0.0.3", "2001:db8::3"]);
    let mut all: Vec<Tenant> = Vec::new();
    for nr in 0..MANY {
        all.push(Tenant::new(way(nr)));
        let (first, last) = (&all[0], &all[nr]);
        for (holder, other) in [(last, first), (first, last)] {
            holder.serve("holder", spec);
            for addr in SHARED {
                let word = ask(proto, (addr, 80)).unwrap_or_else(|e| panic!("{nr}: {e}"));
                assert_eq!(word, "holder");
                answer_is(&outsider, proto, addr, 80, "holder");
            }
            if nr > 0 {
                for reuse in [Reuse::None, Reuse::Addr, Reuse::Port] {
                    let again = outcome(other.open("other", spec.sharing(reuse)));
                    assert_eq!(again, IN_USE, "{nr}: a wildcard");
                    for addr in SHARED {
                        let spec = Spec::at(proto, addr, 80).sharing(reuse);
                        assert_eq!(outcome(other.open("other", spec)), IN_USE, "{nr}: {addr}");
                    }
                }
            }
            holder.close("holder");
            SHARED
                .iter()
                .for_each(|addr| nobody_answers(proto, (*addr, 80)));
            // And the other way round.
            if nr > 0 {
                for addr in SHARED {
                    other.serve("other", Spec::at(proto, addr, 80).sharing(Reuse::Addr));
                    assert_eq!(outcome(holder.open("holder", spec)), IN_USE, "{nr}: {addr}");
                    other.close("other");
                }
            }
        }
    }
}
