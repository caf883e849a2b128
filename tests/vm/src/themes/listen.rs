// SPDX-License-Identifier: GPL-2.0

//! `listen()` on a socket that was never bound: it listens on the set.

use std::net::IpAddr;

use libc::EADDRNOTAVAIL;

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE, PREFIXES, SEVERAL, TWO, V4_ONLY, V6_ONLY};
use crate::child::as_tenant;
use crate::registry::{behaviour, refusal, Test};
use crate::server::{ask, nobody_answers, Server};
use crate::sock::{Proto::Tcp, Sock};

pub fn tests() -> Vec<Test> {
    let v4 = || Sock::v4(Tcp);
    let v6 = || Sock::v6(Tcp);
    let v6_only = || Sock::v6_only(Tcp);
    vec![
        listens_at(
            "listen_unbound_v4_listens_on_the_set",
            ONE,
            v4,
            ip("10.0.0.1"),
        ),
        listens_at(
            "listen_unbound_v6_listens_on_the_set",
            ONE,
            v6,
            ip("2001:db8::1"),
        ),
        listens_at(
            "listen_unbound_dual_stack_with_a_v4_set_listens_on_it",
            V4_ONLY,
            v6,
            mapped("10.0.0.1"),
        ),
        refused("listen_unbound_v4_with_several_is_refused", SEVERAL, v4),
        refused("listen_unbound_v6_with_several_is_refused", SEVERAL, v6),
        refused("listen_unbound_with_a_prefix_is_refused", PREFIXES, v4),
        refused("listen_unbound_v4_with_a_v6_set_is_refused", V6_ONLY, v4),
        refused(
            "listen_unbound_v6_only_with_a_v4_set_is_refused",
            V4_ONLY,
            v6_only,
        ),
        behaviour(
            "listen_after_a_dissolved_connection_listens_on_the_set",
            || {
                let target = Server::start(&[], "host", Tcp, || Ok(Sock::serving(Tcp, (HOST4, 0))));
                let server = Server::start(ONE, "one", Tcp, || {
                    let sock = Sock::v4(Tcp);
                    sock.connect(target.local().clone())?;
                    sock.connect(Addr::unspecified(0))?;
                    sock.listen()?;
                    Ok(sock)
                });
                answers_only_at(&server, ip("10.0.0.1"));
            },
        ),
        behaviour("listen_on_a_bound_member_is_allowed", || {
            as_tenant(SEVERAL, || {
                let sock = Sock::v4(Tcp);
                sock.bind(("10.0.0.1", 80)).expect("member");
                sock.listen().expect("listen");
                sock.listen().expect("listen again");
                assert_eq!(sock.local().internet(), (ip("10.0.0.1"), 80).into());
            });
        }),
        behaviour("accepted_connections_of_a_tenant_carry_its_address", || {
            let (server, client) = (Sock::v4(Tcp), Sock::v4(Tcp));
            server.bind(("10.0.0.1", 80)).expect("bind");
            server.listen().expect("listen");
            client.connect(("10.0.0.1", 80)).expect("connect");
            // The same tenant on both ends of a connection.
            as_tenant(ONE, || {
                let (end, _) = server.accept().expect("accept");
                assert_eq!(end.local().ip(), ip("10.0.0.1"));
                end.send(b"hello").expect("send");
            });
            assert_eq!(client.receive().expect("receive").0, b"hello");
        }),
        behaviour("two_tenants_listen_unbound_without_meeting", || {
            let servers = [ONE, TWO].map(|set| {
                Server::start(set, set[0], Tcp, || {
                    let sock = Sock::v4(Tcp);
                    sock.listen().map(|()| sock)
                })
            });
            answers_only_at(&servers[0], ip("10.0.0.1"));
            answers_only_at(&servers[1], ip("10.0.0.2"));
        }),
    ]
}

fn listens_at(
    name: &str,
    set: &'static [&'static str],
    make: impl Fn() -> Sock + Copy + 'static,
    result: IpAddr,
) -> Test {
    behaviour(name, move || {
        let server = Server::start(set, set[0], Tcp, || {
            let sock = make();
            sock.listen().map(|()| sock)
        });
        answers_only_at(&server, result);
    })
}

/// Panics unless a server stands at this address and at none other.
fn answers_only_at(server: &Server, at: IpAddr) {
    let local = server.local().internet();
    assert_eq!(local.ip(), at);
    assert_ne!(local.port(), 0);
    let reach = |ip: IpAddr| Addr::from((ip.to_canonical(), local.port()));
    ask(Tcp, reach(at)).expect("an answer");
    for foreign in [HOST4, "10.1.0.2", "127.0.0.1", HOST6, "::1"] {
        nobody_answers(Tcp, reach(ip(foreign)));
    }
}

fn refused(
    name: &str,
    set: &'static [&'static str],
    make: impl Fn() -> Sock + Copy + 'static,
) -> Test {
    refusal(name, set, EADDRNOTAVAIL, move || {
        Box::new(move || make().listen())
    })
}
