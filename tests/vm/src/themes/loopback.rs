// SPDX-License-Identifier: GPL-2.0

//! Every tenant, and the host, has a 127.0.0.1 and a ::1 of its own, and none reaches
//! those of another.

use std::net::{IpAddr, Ipv4Addr};

use addrconf_abi::Terms;
use libc::{EACCES, EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED};

use crate::addr::{ip, mapped, Addr, ANY4, ANY6, ONE, THREE, TWO};
use crate::child::{as_tenant, eventually, Child};
use crate::client::{entries, Assignment, Device};
use crate::registry::{behaviour, refusal, Test};
use crate::server::{ask, idle, nobody_answers, source_seen, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::tenant::{answer_is, no_answer, Tenant};

const LOOPBACKS: [&str; 2] = ["127.0.0.1", "::1"];

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS.into_iter().flat_map(of_protocol).collect();
    tests.extend([
        refusal(
            "fast_open_to_another_loopback_address_is_refused",
            ONE,
            EACCES,
            || {
                let server = Sock::serving(Proto::Tcp, ("127.64.0.77", 0));
                let sock = Sock::v4(Proto::Tcp);
                Box::new(move || sock.send_fast_open(b"x", server.local()))
            },
        ),
        refusal(
            "sendmsg_to_another_loopback_address_is_refused",
            ONE,
            EACCES,
            || {
                let server = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || sock.send_messages(b"x", &[server.local()]).map(drop))
            },
        ),
        behaviour("dedicated_loopback_addresses_are_chosen_free", || {
            let tenants = [ONE, TWO, THREE].map(Tenant::new);
            let mut seen = Vec::new();
            for tenant in &tenants {
                let [a, b, ..] = tenant.loopback.octets();
                assert!(a == 127 && (64..128).contains(&b), "{}", tenant.loopback);
                assert!(
                    !seen.contains(&tenant.loopback),
                    "{} twice",
                    tenant.loopback
                );
                seen.push(tenant.loopback);
                let found = Device::open().query(addrconf_abi::Target::Association(tenant.id));
                assert_eq!(found.expect("query").loopback, tenant.loopback);
            }
        }),
        behaviour("a_dedicated_loopback_address_can_be_given", || {
            let terms = given(Ipv4Addr::new(127, 99, 9, 9));
            let tenant = Tenant::with(ONE, &terms);
            assert_eq!(Some(tenant.loopback), terms.terms.loopback);
            tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            assert_eq!(
                ask(Proto::Tcp, ("127.99.9.9", 80)).expect("no answer"),
                "me"
            );
        }),
        behaviour("a_dedicated_loopback_address_is_given_once", || {
            let terms = given(Ipv4Addr::new(127, 99, 9, 9));
            let first = Tenant::with(ONE, &terms);
            let other = Child::spawn(|| crate::child::stay());
            let target = addrconf_abi::Target::Pid(other.pid());
            let device = Device::open();
            let assigned = device.assign_with(target, &entries(TWO), &terms);
            let errno = assigned
                .expect_err("the first association has the loopback address")
                .raw_os_error();
            assert_eq!(errno, Some(EADDRINUSE));
            assert_eq!(
                device.ids(),
                vec![first.id],
                "associations after the failed call"
            );
            drop(first);
            eventually("the end of the first association", || {
                device.ids().is_empty()
            });
            let assigned = device.assign_with(target, &entries(TWO), &terms);
            assert_eq!(
                Some(assigned.expect("free again").loopback),
                terms.terms.loopback
            );
        }),
        behaviour("connections_over_loopback_show_what_was_asked_for", || {
            as_tenant(ONE, || {
                for (at, to) in [
                    (ip("127.0.0.1"), ip("127.0.0.1")),
                    (ip("::1"), ip("::1")),
                    (ANY6, ip("::1")),
                    (ANY4, ip("127.0.0.1")),
                ] {
                    let listener = Sock::serving(Proto::Tcp, (at, 0));
                    let client = Sock::for_ip(Proto::Tcp, to);
                    client
                        .connect((to, listener.local().port()))
                        .expect("connect");
                    let (connection, from) = listener.accept().expect("accept");
                    assert_eq!(client.peer().expect("a peer").ip(), to);
                    assert_eq!(client.local().ip(), to);
                    assert_eq!(connection.local().ip(), to);
                    assert_eq!(from.internet(), client.local().internet());
                    client.send(b"hello").expect("send");
                    assert_eq!(connection.receive().expect("receive").0, b"hello");
                }
            });
        }),
    ]);
    tests
}

fn given(loopback: Ipv4Addr) -> Assignment {
    Assignment::on(Terms {
        loopback: Some(loopback),
        ..Terms::DEFAULT
    })
}

fn of_protocol(proto: Proto) -> Vec<Test> {
    let name = |what: &str| format!("{}_{what}", proto.name());
    let mut tests = Vec::new();
    for loopback in LOOPBACKS {
        let family = if loopback == "::1" { "v6" } else { "v4" };
        tests.push(refusal(
            name(&format!(
                "{family}_service_on_the_hosts_loopback_is_out_of_reach"
            )),
            ONE,
            ECONNREFUSED,
            move || {
                let server = serving(proto, (ip(loopback), 6379).into());
                Box::new(move || ask(proto, server.local().clone()).map(drop))
            },
        ));
        tests.push(refusal(
            name(&format!(
                "{family}_wildcard_of_the_host_is_out_of_reach_over_loopback"
            )),
            ONE,
            ECONNREFUSED,
            move || {
                let _server = serving(proto, (ANY6, 6379).into());
                Box::new(move || {
                    let _server = &_server;
                    ask(proto, (loopback, 6379)).map(drop)
                })
            },
        ));
    }
    for (what, addr) in [
        ("another_loopback_address", ip("127.64.0.77")),
        (
            "another_loopback_address_in_mapped_form",
            mapped("127.64.0.77"),
        ),
    ] {
        tests.push(refusal(
            name(&format!("connect_to_{what}_is_refused")),
            ONE,
            EACCES,
            move || {
                let server = Sock::serving(proto, (addr, 0));
                let sock = Sock::for_ip(proto, addr);
                Box::new(move || sock.connect(server.local()))
            },
        ));
    }
    tests.push(refusal(
        format!(
            "sendto_{}_to_another_loopback_address_is_refused",
            proto.name()
        ),
        ONE,
        EACCES,
        || {
            let server = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || sock.send_to(b"x", server.local()))
        },
    ));
    tests.extend([
        behaviour(name("port_on_loopback_is_everybodys_own"), move || {
            let everybody = [
                ("host", Tenant::host()),
                ("one", Tenant::new(ONE)),
                ("two", Tenant::new(TWO)),
                ("three", Tenant::new(THREE)),
            ];
            for loopback in LOOPBACKS {
                for (word, who) in &everybody {
                    who.serve(word, Spec::at(proto, loopback, 6379));
                }
            }
            for (word, who) in &everybody {
                let bound = who.name(word);
                assert_eq!(bound, (ip("127.0.0.1"), 6379).into());
                for loopback in LOOPBACKS {
                    answer_is(who, proto, loopback, 6379, word);
                }
                answer_is(who, proto, mapped("127.0.0.1"), 6379, word);
            }
            for (word, who) in &everybody {
                who.close(word);
                for (other, someone) in &everybody {
                    let closed = everybody.iter().position(|(w, _)| w == word);
                    let nr = everybody.iter().position(|(w, _)| w == other);
                    for loopback in LOOPBACKS {
                        if nr > closed {
                            answer_is(someone, proto, loopback, 6379, other);
                        } else {
                            no_answer(someone, proto, loopback, 6379, ECONNREFUSED);
                        }
                    }
                }
            }
        }),
        behaviour(name("mapped_loopback_is_the_v4_loopback"), move || {
            let tenant = Tenant::new(ONE);
            tenant.serve("me", Spec::at(proto, mapped("127.0.0.1"), 6379));
            answer_is(&tenant, proto, "127.0.0.1", 6379, "me");
            no_answer(&tenant, proto, "::1", 6379, ECONNREFUSED);
            nobody_answers(proto, ("127.0.0.1", 6379));
        }),
        behaviour(
            name("service_on_a_tenants_loopback_is_out_of_the_hosts_reach"),
            {
                move || {
                    let tenant = Tenant::new(ONE);
                    for loopback in LOOPBACKS {
                        tenant.serve("me", Spec::at(proto, loopback, 6379));
                        nobody_answers(proto, (loopback, 6379));
                    }
                    nobody_answers(proto, (IpAddr::from(tenant.loopback), 6379));
                    nobody_answers(proto, (ONE[0], 6379));
                }
            },
        ),
        behaviour(
            name("unspecified_destination_is_the_own_loopback"),
            move || {
                let (host, tenant) = (Tenant::host(), Tenant::new(ONE));
                host.serve("host", Spec::wildcard(proto, Kind::Dual, 81));
                host.serve("host", Spec::at(proto, "127.0.0.1", 80));
                tenant.serve("me", Spec::wildcard(proto, Kind::Dual, 80));
                for any in [ANY4, ANY6, mapped("0.0.0.0")] {
                    answer_is(&tenant, proto, any, 80, "me");
                    no_answer(&tenant, proto, any, 81, ECONNREFUSED);
                }
            },
        ),
        behaviour(
            name("own_dedicated_address_can_be_bound_and_reached"),
            move || {
                let (one, two) = (Tenant::new(ONE), Tenant::new(TWO));
                one.serve("one", Spec::at(proto, one.loopback, 80));
                answer_is(&one, proto, one.loopback, 80, "one");
                no_answer(&two, proto, one.loopback, 80, EACCES);
                let opened = two.open("two", Spec::at(proto, one.loopback, 80));
                let errno = opened
                    .expect_err("the address is another tenant's")
                    .raw_os_error();
                assert_eq!(errno, Some(EADDRNOTAVAIL));
            },
        ),
        behaviour(
            name("message_over_loopback_comes_from_loopback"),
            move || {
                as_tenant(ONE, || {
                    for loopback in LOOPBACKS {
                        let server = Sock::serving(proto, (loopback, 0));
                        let sock = Sock::for_ip(proto, ip(loopback));
                        sock.connect(server.local()).expect("connect");
                        sock.send(b"x").expect("send");
                        let from = match proto {
                            Proto::Tcp => server.accept().expect("accept").1,
                            Proto::Udp => server.receive().expect("receive").1,
                        };
                        assert_eq!(from.ip(), ip(loopback));
                    }
                });
            },
        ),
        behaviour(
            name("hosts_own_loopback_is_untouched_beside_tenants"),
            move || {
                let _tenant = idle(ONE);
                for loopback in LOOPBACKS {
                    let seen = source_seen(proto, loopback, &[], |to| {
                        let sock = Sock::for_ip(proto, to.ip());
                        sock.connect(to).expect("connect");
                        sock.send(b"x").expect("send");
                    });
                    assert_eq!(seen.ip(), ip(loopback));
                }
            },
        ),
    ]);
    tests
}

fn serving(proto: Proto, addr: Addr) -> Server {
    let at = addr.clone();
    Server::start(&[], "host", proto, move || Ok(Sock::serving(proto, at)))
}
