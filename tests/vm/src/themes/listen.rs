// SPDX-License-Identifier: GPL-2.0

//! `listen()` on a socket that was never bound: the socket listens on the set.

use libc::{AF_INET, IPPROTO_IPV6, IPV6_V6ONLY, SOL_SOCKET, SO_DOMAIN};

use crate::addr::{ip, Addr, EVERYWHERE, HOST4, ONE, PREFIXES, SEVERAL, TWO, V4_ONLY, V6_ONLY};
use crate::child::as_tenant;
use crate::client::contains;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers, Server};
use crate::sock::{Proto::Tcp, Sock};

pub fn tests() -> Vec<Test> {
    let v4 = || Sock::v4(Tcp);
    let v6 = || Sock::v6(Tcp);
    let v6_only = || Sock::v6_only(Tcp);
    let mut tests = Vec::new();
    for (what, set, make) in [
        ("v4", ONE, v4 as fn() -> Sock),
        ("v6", ONE, v6),
        ("v6_only", ONE, v6_only),
        ("dual_stack_with_a_v4_set", V4_ONLY, v6),
        ("v4_with_several", SEVERAL, v4),
        ("v6_with_several", SEVERAL, v6),
        ("v4_with_a_prefix", PREFIXES, v4),
        ("v4_with_a_v6_set", V6_ONLY, v4),
        ("v6_only_with_a_v4_set", V4_ONLY, v6_only),
    ] {
        let name = format!("listen_unbound_{what}_listens_on_the_set");
        tests.push(behaviour(name, move || {
            let server = Server::start(set, set[0], Tcp, || {
                let sock = make();
                sock.listen().map(|()| sock)
            });
            answers_only_at(&server, set, make);
        }));
    }
    tests.extend([
        behaviour(
            "listen_after_a_dissolved_connection_listens_on_the_set",
            || {
                let target = Server::start(&[], "host", Tcp, || Ok(Sock::serving(Tcp, (HOST4, 0))));
                let server = Server::start(ONE, ONE[0], Tcp, || {
                    let sock = Sock::v4(Tcp);
                    sock.connect(target.local().clone())?;
                    sock.connect(Addr::unspecified(0))?;
                    sock.listen()?;
                    Ok(sock)
                });
                answers_only_at(&server, ONE, || Sock::v4(Tcp));
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
            // The child has both ends from before, so both become the tenant's.
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
            answers_only_at(&servers[0], ONE, || Sock::v4(Tcp));
            answers_only_at(&servers[1], TWO, || Sock::v4(Tcp));
        }),
    ]);
    tests
}

/// Panics unless a server that listens on the wildcard answers at the addresses of this
/// set that are of the families its socket takes, and at no others.
fn answers_only_at(server: &Server, set: &[&str], make: impl Fn() -> Sock) {
    let local = server.local().internet();
    assert!(local.ip().is_unspecified(), "{local}");
    assert_ne!(local.port(), 0);
    let sock = make();
    let v4 = sock.option(SOL_SOCKET, SO_DOMAIN) == AF_INET;
    let v6 = !v4;
    let v4 = v4 || sock.option(IPPROTO_IPV6, IPV6_V6ONLY) == 0;
    for addr in EVERYWHERE.iter().map(|text| ip(text)) {
        let taken = if addr.is_ipv4() { v4 } else { v6 };
        if taken && contains(set, addr) {
            let word = ask(Tcp, (addr, local.port()));
            assert_eq!(word.expect("no answer"), set[0], "{addr}");
        } else {
            nobody_answers(Tcp, (addr, local.port()));
        }
    }
}
