// SPDX-License-Identifier: GPL-2.0

//! All of a tenant's loopback is its own: 127.0.0.0/8 but for the dedicated addresses, and
//! `::1`. It reaches the tenant's own addresses from there, as on any host, and nobody else's.

use libc::{EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED};

use crate::addr::{ip, mapped, ANY4, HOST4, ONE, PAIRS, THREE, TWO};
use crate::child::{as_tenant, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::crowd::Crowd;
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, ask_from, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec, KINDS};
use crate::tenant::{answer_is, no_answer, Tenant};

/// Addresses of 127.0.0.0/8, at both ends and beside the dedicated ones.
const OWN: [&str; 6] = [
    "127.0.0.2",
    "127.0.0.53",
    "127.0.1.1",
    "127.63.255.255",
    "127.128.0.0",
    "127.255.255.254",
];

/// From a loopback address to one of the same tenant's, and back.
const WITHIN: [(&str, &str); 5] = [
    ("127.0.0.1", "10.0.0.1"),
    ("127.0.1.1", "10.0.0.1"),
    ("127.0.1.1", "127.0.0.53"),
    ("127.0.0.1", "127.0.1.1"),
    ("::1", "2001:db8::1"),
];

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS.into_iter().flat_map(of_protocol).collect();
    tests.extend([
        behaviour(
            "own_sockets_from_before_on_loopback_are_in_the_way_in_a_crowd",
            || {
                let _crowd = Crowd::on(&[80]);
                for proto in PROTOS {
                    let tenant = Child::spawn(|| {
                        let _before = Sock::serving(proto, ("127.0.0.5", 80));
                        associate_with(std::process::id() as i32, ONE, &Assignment::DEFAULT);
                        let bound = Sock::v4(proto).bind((ANY4, 80));
                        let errno = bound.expect_err("the port is in use").raw_os_error();
                        assert_eq!(errno, Some(EADDRINUSE));
                        Sock::v4(proto).bind((ANY4, 81)).expect("another port");
                    });
                    tenant.succeeded();
                }
            },
        ),
        behaviour(
            "a_connection_to_another_loopback_address_comes_from_127_0_0_1",
            || {
                as_tenant(ONE, || {
                    let server = Sock::serving(Proto::Tcp, ("127.0.0.53", 0));
                    let client = Sock::v4(Proto::Tcp);
                    client.connect(server.local()).expect("connect");
                    let (connection, from) = server.accept().expect("accept");
                    assert_eq!(from.ip(), ip("127.0.0.1"));
                    assert_eq!(client.peer().expect("a peer").ip(), ip("127.0.0.53"));
                    assert_eq!(connection.local().ip(), ip("127.0.0.53"));
                });
            },
        ),
        behaviour(
            "a_client_on_loopback_is_answered_by_an_own_wildcard",
            || KINDS.into_iter().zip(80..).for_each(answered_by_wildcard),
        ),
        behaviour(
            "connections_from_everybodys_loopback_to_a_shared_address_are_apart",
            apart,
        ),
        behaviour(
            "a_socket_on_another_loopback_address_is_associated_with_its_process",
            || {
                let (ready, go) = (Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    let server = Sock::serving(Proto::Udp, ("127.0.0.53", 53));
                    ready.send("");
                    go.receive();
                    let client = Sock::v4(Proto::Udp);
                    client.send_to(b"?", ("127.0.0.53", 53)).expect("send");
                    let (_, from) = server.receive().expect("receive");
                    assert_eq!(from.ip(), ip("127.0.0.1"));
                    ready.send("");
                    go.receive();
                });
                ready.receive();
                associate_with(child.pid(), ONE, &Assignment::DEFAULT);
                go.send("");
                ready.receive();
                let host = Sock::v4(Proto::Udp);
                host.connect(("127.0.0.53", 53)).expect("connect");
                host.send(b"?").expect("send");
                let refused = host.receive().map(drop).expect_err("somebody is there");
                assert_eq!(refused.raw_os_error(), Some(ECONNREFUSED));
                go.send("");
                child.succeeded();
            },
        ),
    ]);
    tests
}

fn of_protocol(proto: Proto) -> Vec<Test> {
    let name = |what: &str| format!("{}_{what}", proto.name());
    vec![
        behaviour(
            name("port_on_any_loopback_address_is_everybodys_own"),
            move || {
                let everybody = [
                    ("host", Tenant::host()),
                    ("one", Tenant::new(ONE)),
                    ("two", Tenant::new(TWO)),
                ];
                for at in OWN {
                    for (word, who) in &everybody {
                        who.serve(word, Spec::at(proto, at, 53));
                    }
                }
                for (word, who) in &everybody {
                    for at in OWN {
                        answer_is(who, proto, at, 53, word);
                        answer_is(who, proto, mapped(at), 53, word);
                    }
                }
            },
        ),
        behaviour(
            name("service_of_the_host_on_any_loopback_address_is_out_of_reach"),
            move || {
                let tenant = Tenant::new(ONE);
                for at in OWN {
                    let _host = host(proto, at);
                    assert_eq!(ask(proto, (at, 53)).expect("an answer"), "host");
                    no_answer(&tenant, proto, at, 53, ECONNREFUSED);
                }
            },
        ),
        behaviour(name("wildcard_serves_all_of_its_own_loopback"), move || {
            for kind in [Kind::V4, Kind::Dual] {
                let (one, two) = (Tenant::new(ONE), Tenant::new(TWO));
                one.serve("one", Spec::wildcard(proto, kind, 80));
                two.serve("two", Spec::wildcard(proto, kind, 80));
                for at in OWN {
                    answer_is(&one, proto, at, 80, "one");
                    answer_is(&two, proto, at, 80, "two");
                    ask(proto, (at, 80)).expect_err("a tenant answers the host");
                }
            }
        }),
        behaviour(name("wildcard_and_its_own_loopback_conflict"), move || {
            for kind in [Kind::V4, Kind::Dual] {
                for at in ["127.0.0.1", "127.0.0.53"] {
                    let orders = [
                        (Spec::wildcard(proto, kind, 80), Spec::at(proto, at, 80)),
                        (Spec::at(proto, at, 80), Spec::wildcard(proto, kind, 80)),
                    ];
                    for (first, second) in orders {
                        let (one, two) = (Tenant::new(ONE), Tenant::new(TWO));
                        two.serve("two", second);
                        one.serve("first", first);
                        let refused = one.open("second", second).expect_err("both have the port");
                        assert_eq!(refused.raw_os_error(), Some(EADDRINUSE), "{at}");
                    }
                }
            }
        }),
        behaviour(
            name("loopback_addresses_of_one_tenant_are_told_apart"),
            move || {
                let tenant = Tenant::new(ONE);
                for at in OWN {
                    tenant.serve(at, Spec::at(proto, at, 80));
                }
                for at in OWN {
                    answer_is(&tenant, proto, at, 80, at);
                    let refused = tenant.open("again", Spec::at(proto, at, 80));
                    assert_eq!(refused.unwrap_err().raw_os_error(), Some(EADDRINUSE));
                }
                no_answer(&tenant, proto, "127.0.0.3", 80, ECONNREFUSED);
            },
        ),
        everywhere(
            name("client_on_loopback_is_answered_at_an_own_address"),
            move || {
                within(proto);
            },
        ),
        behaviour(
            name("client_of_a_tenant_on_loopback_is_answered_at_an_own_address"),
            move || {
                as_tenant(ONE, || within(proto));
            },
        ),
        behaviour(
            name("client_on_loopback_does_not_leave_its_tenant"),
            move || {
                let others = [HOST4, TWO[0], TWO[1]];
                let _servers = others.map(|at| host(proto, at));
                as_tenant(ONE, || {
                    for at in others {
                        let from = if at.contains(':') { "::1" } else { "127.0.1.1" };
                        let asked = ask_from((from, 0).into(), proto, (at, 53));
                        let refused = asked.expect_err("it was answered");
                        assert_eq!(refused.raw_os_error(), Some(EADDRNOTAVAIL), "{at}");
                    }
                });
            },
        ),
        behaviour(
            name("part_of_a_tenant_has_a_loopback_of_its_own"),
            move || {
                let (whole, part) = (Tenant::new(PAIRS[0]), Tenant::new(PAIRS[0]));
                part.narrow(&["10.1.0.1"]).expect("narrow");
                for at in ["127.0.0.1", "127.0.0.53"] {
                    whole.serve("whole", Spec::at(proto, at, 80));
                    part.serve("part", Spec::at(proto, at, 80));
                    answer_is(&whole, proto, at, 80, "whole");
                    answer_is(&part, proto, at, 80, "part");
                }
            },
        ),
    ]
}

fn host(proto: Proto, at: &'static str) -> Server {
    Server::start(&[], "host", proto, move || {
        Ok(Sock::serving(proto, (at, 53)))
    })
}

/// Clients ask along each way of [`WITHIN`] and back.
fn within(proto: Proto) {
    for (one, other) in WITHIN {
        for (from, to) in [(one, other), (other, one)] {
            let server = Server::start(&[], "me", proto, move || Ok(Sock::serving(proto, (to, 0))));
            let word = ask_from((from, 0).into(), proto, server.local().clone());
            assert_eq!(word.expect("an answer"), "me", "{from} to {to}");
        }
    }
}

/// Clients on the loopback ask a wildcard of the same tenant at each other address.
fn answered_by_wildcard((kind, port): (Kind, u16)) {
    as_tenant(ONE, || {
        // Each on a port of its own: the server closes first.
        let any = Spec::wildcard(Proto::Tcp, kind, port);
        let _server = Server::start(&[], "me", Proto::Tcp, move || any.open());
        let pairs = WITHIN.into_iter().filter(|&(from, _)| match kind {
            Kind::V4 => from != "::1",
            Kind::V6Only => from == "::1",
            Kind::Dual => true,
        });
        for (from, to) in pairs {
            let word = ask_from((from, 0).into(), Proto::Tcp, (to, port));
            assert_eq!(word.expect("an answer"), "me", "{from} to {to}");
        }
    });
}

/// Two tenants share an address, and each has a connection from its 127.0.0.1 to it between
/// the same two ports; so has the host, which has all addresses.
fn apart() {
    const SHARED: &[&str] = &["10.0.0.1", "10.1.0.1"];
    let everybody = [SHARED, ONE, THREE];
    let (ready, go) = (Channel::new(), Channel::new());
    let children: Vec<Child> = everybody
        .into_iter()
        .map(|set| {
            Child::spawn(|| {
                crate::client::associate(set);
                ready.send("");
                go.receive();
                let at = (set[0], 5000);
                let server = Sock::v4(Proto::Tcp);
                server.set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
                // Only one of the sharers gets the port there.
                let Ok(()) = server.serve(Proto::Tcp, at) else {
                    return;
                };
                let client = Sock::v4(Proto::Tcp);
                client.bind(("127.0.0.1", 5001)).expect("bind");
                client.connect(at).expect("connect");
                let (connection, from) = server.accept().expect("accept");
                assert_eq!(from.internet(), (ip("127.0.0.1"), 5001).into());
                for _ in 0..3 {
                    client.send(set[1].as_bytes()).expect("send");
                    assert_eq!(connection.receive().expect("receive").0, set[1].as_bytes());
                }
            })
        })
        .collect();
    children.iter().for_each(|_| drop(ready.receive()));
    children.iter().for_each(|_| go.send(""));
    children.into_iter().for_each(Child::succeeded);
}
