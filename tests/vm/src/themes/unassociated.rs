// SPDX-License-Identifier: GPL-2.0

//! A process that is not associated sees no difference. These tests run with the module
//! and without it, and expect the same results.

use std::net::IpAddr;

use libc::{EADDRINUSE, EADDRNOTAVAIL};

use crate::addr::{ip, mapped, Addr, ANY4, ANY6, HOST4, HOST6, ONE};
use crate::child::in_child;
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, idle, source_seen, Server};
use crate::sock::{Proto, Sock, PROTOS};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = |what: &str| format!("unassociated_{}_{what}", proto.name());
        let everywhere = |what: &str, run: fn(Proto)| everywhere(name(what), move || run(proto));
        tests.extend([
            everywhere("binds_to_every_address_of_the_machine", binds_anywhere),
            everywhere("binds_to_no_address_the_machine_lacks", |proto| {
                for addr in [
                    ip("203.0.113.1"),
                    ip("2001:db8:ffff::1"),
                    mapped("203.0.113.1"),
                ] {
                    let error = Sock::for_ip(proto, addr)
                        .bind((addr, 80))
                        .expect_err("the machine lacks the address");
                    assert_eq!(error.raw_os_error(), Some(EADDRNOTAVAIL), "{addr}");
                }
            }),
            everywhere("wildcard_stays_a_wildcard", wildcard),
            everywhere("wildcard_answers_at_every_address", |proto| {
                let _server =
                    Server::start(&[], "host", proto, || Ok(Sock::serving(proto, (ANY6, 80))));
                for addr in ["10.0.0.1", "10.0.0.2", HOST4, "127.0.0.1", HOST6, "::1"] {
                    assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "host", "{addr}");
                }
            }),
            everywhere("wildcards_are_in_each_others_way", |proto| {
                let _first = Sock::serving(proto, (ANY4, 80));
                in_child(|| {
                    for addr in [ANY4, ip("10.0.0.1"), ANY6] {
                        let sock = Sock::for_ip(proto, addr);
                        let error = sock
                            .serve(proto, (addr, 80))
                            .expect_err("the first wildcard has the port");
                        assert_eq!(error.raw_os_error(), Some(EADDRINUSE), "{addr}");
                    }
                });
            }),
            everywhere("source_is_what_the_route_says", |proto| {
                for host in ["127.0.0.1", "::1", HOST4, HOST6, "10.0.0.2"] {
                    let from = source_seen(proto, host, &[], |to| {
                        let sock = Sock::for_ip(proto, to.ip());
                        sock.connect(to).expect("connect");
                        if proto == Proto::Udp {
                            sock.send(b"x").expect("send");
                        }
                    });
                    assert_eq!(from.ip(), ip(host));
                }
            }),
        ]);
        tests.push(behaviour(
            name("sees_no_difference_beside_a_tenant"),
            move || {
                let _tenant = idle(ONE);
                binds_anywhere(proto);
                wildcard(proto);
            },
        ));
    }
    tests.extend([
        everywhere(
            "unassociated_message_comes_from_where_the_route_says",
            || {
                for host in ["127.0.0.1", "::1", HOST4, HOST6] {
                    let from = source_seen(Proto::Udp, host, &[], |to| {
                        let sock = Sock::for_ip(Proto::Udp, to.ip());
                        sock.send_to(b"x", to).expect("send");
                    });
                    assert_eq!(from.ip(), ip(host));
                }
            },
        ),
        everywhere(
            "unassociated_fast_open_comes_from_where_the_route_says",
            || {
                let from = source_seen(Proto::Tcp, HOST4, &[], |to| {
                    Sock::v4(Proto::Tcp).send_fast_open(b"x", to).expect("send");
                });
                assert_eq!(from.ip(), ip(HOST4));
            },
        ),
        everywhere(
            "unassociated_listen_unbound_answers_at_every_address",
            || {
                let server = Server::start(&[], "host", Proto::Tcp, || {
                    let sock = Sock::v4(Proto::Tcp);
                    sock.listen().map(|()| sock)
                });
                assert_eq!(server.local().ip(), ANY4);
                for addr in ["10.0.0.1", HOST4, "127.0.0.1"] {
                    let word = ask(Proto::Tcp, (addr, server.local().port()));
                    assert_eq!(word.expect("no answer"), "host", "{addr}");
                }
            },
        ),
    ]);
    tests
}

fn binds_anywhere(proto: Proto) {
    let addrs: [IpAddr; 10] = [
        ip("10.0.0.1"),
        ip("10.0.0.2"),
        ip(HOST4),
        ip("127.0.0.1"),
        ip("127.1.2.3"),
        ip("2001:db8::1"),
        ip(HOST6),
        ip("::1"),
        mapped("10.1.0.1"),
        mapped("127.0.0.2"),
    ];
    for addr in addrs {
        let sock = Sock::for_ip(proto, addr);
        let bound = sock.serve(proto, (addr, 8080));
        bound.unwrap_or_else(|e| panic!("binding to {addr} failed: {e}"));
        assert_eq!(sock.local().internet(), (addr, 8080).into());
    }
}

fn wildcard(proto: Proto) {
    let binds = [
        (ANY4, Addr::from((ANY4, 81))),
        (ANY4, Addr::unspecified(81)),
        (ANY6, Addr::from((ANY6, 81))),
        (mapped("0.0.0.0"), Addr::from((mapped("0.0.0.0"), 81))),
    ];
    for (any, addr) in binds {
        let sock = Sock::for_ip(proto, any);
        sock.bind(addr).expect("wildcard");
        assert!(sock.local().ip().to_canonical().is_unspecified(), "{any}");
    }
}
