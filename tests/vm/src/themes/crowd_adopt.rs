// SPDX-License-Identifier: GPL-2.0

//! A process gets an association when it has sockets already, on a port where many other
//! tenants have sockets. The kernel keeps these sockets elsewhere than newer ones.

use std::io::ErrorKind;

use crate::addr::{ip, ANY4, HOST4, OVERLAPPING, PAIRS, SEVERAL};
use crate::child::{Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::crowd::{wildcards_in_a_crowd, Crowd};
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Reuse, Spec, KINDS, REUSES};
use crate::tenant::Tenant;

use super::crowd_scope::both_workers;
use super::ports::outcome;
use super::scope::receives_on_the_set_only;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            let mut add = |what: &str, run: fn(Proto, Kind)| {
                tests.push(wildcards_in_a_crowd(proto, kind, what, run));
            };
            add("wildcard_from_before_receives_on_its_set_only", {
                |proto, kind| {
                    let mut tenant = Tenant::host();
                    tenant.serve("me", Spec::wildcard(proto, kind, 80));
                    tenant.associate(SEVERAL, &Assignment::DEFAULT);
                    let other = Tenant::new(&["10.0.0.2", "2001:db8::2"]);
                    other.serve("other", Spec::wildcard(proto, kind, 80));
                    for addr in ["10.0.0.2", "2001:db8::2"] {
                        if kind.takes(ip(addr)) {
                            assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "other");
                        }
                    }
                    other.close("other");
                    receives_on_the_set_only(&tenant, SEVERAL, proto, kind);
                }
            });
            add("reuseport_wildcard_from_before_and_newer_one_share", {
                |proto, kind| groups(proto, kind, false)
            });
            add("reuseport_wildcards_from_before_share", {
                |proto, kind| groups(proto, kind, true)
            });
            add("wildcard_made_before_and_bound_later_is_found", {
                |proto, kind| made_before(proto, kind, false)
            });
            add("wildcard_bound_before_that_listens_later_is_found", {
                |proto, kind| made_before(proto, kind, true)
            });
            add(
                "wildcards_from_before_of_two_tenants_are_found",
                two_adopted,
            );
            add("wildcard_answers_while_it_is_assigned", answers_meanwhile);
        }
        tests.push(behaviour(
            format!(
                "{}_sockets_from_before_conflict_as_newer_ones_in_a_crowd",
                proto.name()
            ),
            move || {
                let _crowd = Crowd::on(&[80]);
                conflicts(proto);
            },
        ));
    }
    tests
}

/// Two workers share a port, one of them at least since before the association.
fn groups(proto: Proto, kind: Kind, both_before: bool) {
    let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Port);
    let mut tenant = Tenant::host();
    tenant.serve("w-1", spec);
    if both_before {
        tenant.serve("w-2", spec);
    }
    tenant.associate(PAIRS[0], &Assignment::DEFAULT);
    if !both_before {
        tenant.serve("w-2", spec);
    }
    // A neighbour with a group of its own.
    let other = Tenant::new(PAIRS[1]);
    other.serve("o-1", spec);
    other.serve("o-2", spec);
    both_workers(proto, kind, PAIRS[0], "w-", Some(&tenant));
    both_workers(proto, kind, PAIRS[1], "o-", Some(&other));
    // Either of them serves alone.
    for (gone, left) in [("w-1", "w-2"), ("w-2", "w-1")] {
        tenant.close(gone);
        for addr in PAIRS[0].iter().filter(|a| kind.takes(ip(a))) {
            assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), left);
        }
        tenant.serve(gone, spec);
    }
}

/// A socket was made, and perhaps bound, before the association.
fn made_before(proto: Proto, kind: Kind, bound: bool) {
    let (ready, go) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        let sock = kind.socket(proto);
        let bind = || sock.bind((kind.any(), 80)).expect("bind");
        if bound {
            bind();
        }
        ready.send("");
        go.receive();
        if !bound {
            bind();
        }
        if proto == Proto::Tcp {
            sock.listen().expect("listen");
        }
        sock.want_destinations();
        let again = Spec::wildcard(proto, kind, 80);
        assert_eq!(outcome(again.open().map(drop)), Err(libc::EADDRINUSE));
        ready.send("");
        loop {
            let _ = match proto {
                Proto::Tcp => sock.accept().and_then(|(client, _)| client.send(b"me")),
                Proto::Udp => sock
                    .receive_with_destination()
                    .and_then(|(_, from, to)| sock.send_from(b"me", from, to)),
            };
        }
    });
    ready.receive();
    associate_with(child.pid(), PAIRS[0], &Assignment::DEFAULT);
    go.send("");
    ready.receive();
    for addr in PAIRS[0] {
        if kind.takes(ip(addr)) {
            assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), "me", "{addr}");
        } else {
            nobody_answers(proto, (*addr, 80));
        }
    }
    nobody_answers(proto, (HOST4, 80));
}

/// Two processes share the wildcard as processes of the host, and then get associations.
fn two_adopted(proto: Proto, kind: Kind) {
    let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Port);
    let mut both = [Tenant::host(), Tenant::host()];
    for (nr, tenant) in both.iter().enumerate() {
        tenant.serve(&nr.to_string(), spec);
    }
    for (tenant, set) in both.iter_mut().zip(PAIRS) {
        tenant.associate(set, &Assignment::DEFAULT);
    }
    let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
    for (nr, tenant) in both.iter().enumerate() {
        for addr in PAIRS[nr].iter().filter(|a| kind.takes(ip(a))) {
            for _ in 0..8 {
                let word = ask(proto, (*addr, 80)).expect("no answer");
                assert_eq!(word, nr.to_string(), "{addr}");
            }
        }
        let word = tenant.ask(proto, loopback, 80).expect("no answer");
        assert_eq!(word, nr.to_string());
    }
    for addr in [HOST4, loopback] {
        nobody_answers(proto, (addr, 80));
    }
}

/// The kernel moves the socket of a server that is assigned to where it finds those of the
/// tenant. It must find it at every moment, or it refuses the request. (An answer of UDP is lost if
/// the server is a member already, and its socket is not the association's yet.)
fn answers_meanwhile(proto: Proto, kind: Kind) {
    let addr = PAIRS[0].iter().find(|a| kind.takes(ip(a))).expect("one");
    for _ in 0..8 {
        let mut tenant = Tenant::host();
        tenant.serve("me", Spec::wildcard(proto, kind, 80));
        let ready = Channel::new();
        let client = Child::spawn(|| {
            for request in 0..60 {
                match (proto, ask(proto, (*addr, 80))) {
                    (Proto::Udp, Err(e)) if e.kind() == ErrorKind::WouldBlock => {}
                    (_, answer) => assert_eq!(answer.expect("no answer"), "me"),
                }
                if request == 5 {
                    ready.send("");
                }
            }
        });
        ready.receive();
        tenant.associate(PAIRS[0], &Assignment::DEFAULT);
        client.succeeded();
    }
}

/// A tenant with a socket from before the association, and others, try many sockets. The
/// results must be the same as with a newer socket.
fn conflicts(proto: Proto) {
    let (other, overlapping, host) = (
        Tenant::new(PAIRS[1]),
        Tenant::new(OVERLAPPING),
        Tenant::host(),
    );
    let addrs = [
        "10.0.0.1",
        "10.1.0.1",
        "2001:db8:1::1",
        "127.0.0.1",
        "::1",
        HOST4,
    ];
    let wildcards = KINDS.map(|kind| Spec::wildcard(proto, kind, 80));
    let at = |addr: &&str| Spec::at(proto, *addr, 80);
    let seconds: Vec<Spec> = wildcards.into_iter().chain(addrs.iter().map(at)).collect();
    let firsts = wildcards.into_iter().chain(addrs[..5].iter().map(at));
    for (first, reuse) in firsts.flat_map(|spec| REUSES.map(|reuse| (spec, reuse))) {
        let first = first.sharing(reuse);
        let outcomes = [true, false].map(|before| {
            let mut tenant = Tenant::host();
            if before {
                tenant.serve("first", first);
            }
            tenant.associate(PAIRS[0], &Assignment::DEFAULT);
            if !before {
                tenant.serve("first", first);
            }
            let mut outcomes = Vec::new();
            for who in [&tenant, &other, &overlapping, &host] {
                for second in &seconds {
                    for spec in [*second, second.sharing(reuse)] {
                        outcomes.push(outcome(who.open("second", spec)));
                        who.close("second");
                    }
                }
            }
            outcomes
        });
        assert_eq!(
            outcomes[0], outcomes[1],
            "sockets beside {first:?} from before, and beside a newer one"
        );
        for result in [Ok(()), Err(libc::EADDRINUSE)] {
            assert!(outcomes[0].contains(&result), "{result:?} never: {first:?}");
        }
    }
}
