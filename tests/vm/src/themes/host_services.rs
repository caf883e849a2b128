// SPDX-License-Identifier: GPL-2.0

//! Services of the machine on its loopback, such as a resolver, which the terms of an
//! association let it reach.

use std::net::{IpAddr, Ipv4Addr};

use addrconf_abi::{HostLoopback, Target, Terms};
use libc::{EADDRNOTAVAIL, ECONNREFUSED};

use crate::addr::{ip, ANY4, ONE, PAIRS, TWO};
use crate::client::{entries, Assignment, Device};
use crate::registry::{behaviour, Test};
use crate::server::{ask, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::tenant::{answer_is, no_answer, Tenant};

/// Where the resolver of systemd listens.
const RESOLVER: &str = "127.0.0.53";
const PORT: u16 = 53;

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS.into_iter().flat_map(of_protocol).collect();
    tests.extend([
        behaviour(
            "the_module_tells_which_services_of_the_host_are_reached",
            || {
                let net = net(Ipv4Addr::new(127, 0, 0, 52), 30);
                let tenant = Tenant::with(ONE, &reaching(net));
                let found = Device::open().query(Target::Association(tenant.id));
                assert_eq!(found.expect("query").host_loopback, Some(net));
                let other = Tenant::new(TWO);
                let found = Device::open().query(Target::Association(other.id));
                assert_eq!(found.expect("query").host_loopback, None);
            },
        ),
        behaviour("a_defined_association_reaches_services_of_the_host", || {
            let terms = reaching(resolver()).terms;
            let defined = crate::defined::Defined::on(&terms, "shop", ONE);
            let _host = host(Proto::Udp, RESOLVER);
            let mut tenant = Tenant::host();
            defined.take_in(&mut tenant);
            answer_is(&tenant, Proto::Udp, RESOLVER, PORT, "host");
        }),
        behaviour(
            "a_socket_bound_elsewhere_does_not_reach_services_of_the_host",
            || {
                let _host = host(Proto::Udp, RESOLVER);
                let terms = reaching(resolver());
                crate::child::in_child(|| {
                    let own = crate::client::this_process();
                    let assigned = Device::open().assign_with(own, &entries(ONE), &terms);
                    let dedicated = IpAddr::from(assigned.expect("assign").loopback);
                    for from in [ip("127.0.0.1"), ip(ONE[0]), ip("127.0.1.1")] {
                        let sock = Sock::v4(Proto::Udp);
                        sock.bind((from, 0)).expect("bind");
                        let sent = sock.send_to(b"?", (RESOLVER, PORT));
                        let refused = sent.expect_err("it was sent").raw_os_error();
                        assert_eq!(refused, Some(EADDRNOTAVAIL), "{from}");
                    }
                    let sock = Sock::v4(Proto::Udp);
                    sock.bind((dedicated, 0)).expect("bind");
                    sock.send_to(b"?", (RESOLVER, PORT)).expect("send");
                    assert_eq!(sock.receive().expect("an answer").0, b"host");
                    // From there it reaches nothing else of the host.
                    for to in ["127.0.0.1", "127.0.0.54", "127.64.0.77"] {
                        sock.send_to(b"?", (to, PORT)).expect_err("it was sent");
                    }
                });
            },
        ),
    ]);
    tests.push(behaviour(
        "a_tcp_wildcard_of_the_host_is_reached_there",
        || {
            let tenant = Tenant::with(ONE, &reaching(resolver()));
            let _host = Server::start(&[], "host", Proto::Tcp, || {
                Ok(Sock::serving(Proto::Tcp, (ANY4, 80)))
            });
            answer_is(&tenant, Proto::Tcp, RESOLVER, 80, "host");
            no_answer(&tenant, Proto::Tcp, "127.0.0.1", 80, ECONNREFUSED);
        },
    ));
    tests
}

fn of_protocol(proto: Proto) -> Vec<Test> {
    let name = |what: &str| format!("{}_{what}", proto.name());
    vec![
        behaviour(
            name("service_of_the_host_is_reached_where_the_terms_let_it"),
            move || {
                let _host = host(proto, RESOLVER);
                let (one, two) = (Tenant::with(ONE, &reaching(resolver())), Tenant::new(TWO));
                answer_is(&one, proto, RESOLVER, PORT, "host");
                no_answer(&two, proto, RESOLVER, PORT, ECONNREFUSED);
                assert_eq!(ask(proto, (RESOLVER, PORT)).expect("an answer"), "host");
            },
        ),
        behaviour(
            name("service_of_the_host_sees_the_dedicated_address"),
            move || {
                let server = Sock::serving(proto, (RESOLVER, 0));
                let tenant = Tenant::with(ONE, &reaching(resolver()));
                // Nobody answers it.
                std::thread::scope(|scope| {
                    scope.spawn(|| drop(tenant.ask(proto, RESOLVER, server.local().port())));
                    let from = match proto {
                        Proto::Tcp => server.accept().map(|(_, from)| from),
                        Proto::Udp => server.receive().map(|(data, from)| {
                            server.send_to(&data, from.clone()).expect("answer");
                            from
                        }),
                    };
                    assert_eq!(from.expect("a client").ip(), IpAddr::from(tenant.loopback));
                });
            },
        ),
        behaviour(
            name("rest_of_the_loopback_stays_the_tenants_own"),
            move || {
                let _host = ["127.0.0.1", "127.0.0.54"].map(|at| host(proto, at));
                let tenant = Tenant::with(ONE, &reaching(resolver()));
                for at in ["127.0.0.1", "127.0.0.54"] {
                    no_answer(&tenant, proto, at, PORT, ECONNREFUSED);
                    tenant.serve("me", Spec::at(proto, at, PORT));
                    answer_is(&tenant, proto, at, PORT, "me");
                }
            },
        ),
        behaviour(
            name("address_of_a_service_of_the_host_cannot_be_bound"),
            move || {
                let tenant = Tenant::with(ONE, &reaching(resolver()));
                let opened = tenant.open("me", Spec::at(proto, RESOLVER, PORT));
                let errno = opened.expect_err("it is the machine's").raw_os_error();
                assert_eq!(errno, Some(EADDRNOTAVAIL));
            },
        ),
        behaviour(
            name("wildcard_of_a_tenant_does_not_serve_there"),
            move || {
                // Each on a port of its own: the host's server closes first.
                for (kind, port) in [(Kind::V4, 80), (Kind::Dual, 81)] {
                    let tenant = Tenant::with(ONE, &reaching(resolver()));
                    tenant.serve("me", Spec::wildcard(proto, kind, port));
                    no_answer(&tenant, proto, RESOLVER, port, ECONNREFUSED);
                    ask(proto, (RESOLVER, port)).expect_err("a tenant answers the host");
                    let _host = serving(proto, RESOLVER, port);
                    answer_is(&tenant, proto, RESOLVER, port, "host");
                    answer_is(&tenant, proto, "127.0.0.1", port, "me");
                }
            },
        ),
        behaviour(
            name("service_of_the_host_that_is_not_there_refuses_at_once"),
            move || {
                let tenant = Tenant::with(ONE, &reaching(resolver()));
                no_answer(&tenant, proto, RESOLVER, PORT, ECONNREFUSED);
            },
        ),
        behaviour(
            name("service_of_the_host_is_out_of_a_parts_reach"),
            move || {
                let _host = host(proto, RESOLVER);
                let tenant = Tenant::with(PAIRS[0], &reaching(resolver()));
                answer_is(&tenant, proto, RESOLVER, PORT, "host");
                tenant.narrow(&["10.1.0.1"]).expect("narrow");
                no_answer(&tenant, proto, RESOLVER, PORT, ECONNREFUSED);
            },
        ),
    ]
}

fn net(addr: Ipv4Addr, len: u8) -> HostLoopback {
    HostLoopback::new(addr, len).expect("a network of loopback addresses")
}

fn resolver() -> HostLoopback {
    net(Ipv4Addr::new(127, 0, 0, 53), 32)
}

fn reaching(net: HostLoopback) -> Assignment {
    Assignment::on(Terms {
        host_loopback: Some(net),
        ..Terms::DEFAULT
    })
}

fn host(proto: Proto, at: &'static str) -> Server {
    serving(proto, at, PORT)
}

fn serving(proto: Proto, at: &'static str, port: u16) -> Server {
    Server::start(&[], "host", proto, move || {
        Ok(Sock::serving(proto, (at, port)))
    })
}
