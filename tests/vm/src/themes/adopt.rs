// SPDX-License-Identifier: GPL-2.0

//! Associating a running process takes its sockets in as well.

use std::thread;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, ECONNABORTED};

use crate::addr::{ip, ANY4, HOST4, HOST6, ONE, PAIRS, TWO};
use crate::child::{spawn_tenant, stay, Channel, Child};
use crate::client::{associate, associate_with, Assignment, Device};
use crate::registry::{behaviour, refusal, Test};
use crate::server::{ask, idle, nobody_answers};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec, KINDS};
use crate::tenant::{answer_is, Tenant};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            tests.push(behaviour(
                format!(
                    "{}_{}_wildcard_narrows_when_assigned",
                    proto.name(),
                    kind.name()
                ),
                move || narrows(proto, kind),
            ));
        }
        tests.push(behaviour(
            format!("{}_ports_are_free_for_others_once_assigned", proto.name()),
            move || {
                let mut first = Tenant::host();
                let wildcard = Spec::wildcard(proto, Kind::Dual, 80);
                first.serve("a", wildcard);
                let mut other = Tenant::host();
                other
                    .open("b", wildcard)
                    .expect_err("the first process has the port");
                first.associate(PAIRS[0], &Assignment::DEFAULT);
                other
                    .open("b", wildcard)
                    .expect_err("the tenant has the port at addresses of the host's wildcard");
                other.associate(PAIRS[1], &Assignment::DEFAULT);
                other.serve("b", wildcard);
                for (nr, set) in PAIRS.iter().enumerate() {
                    for addr in *set {
                        let word = ask(proto, (*addr, 80)).expect("no answer");
                        assert_eq!(word, ["a", "b"][nr], "{addr}");
                    }
                }
                nobody_answers(proto, (HOST4, 80));
            },
        ));
        tests.push(behaviour(
            format!(
                "{}_socket_on_loopback_becomes_private_when_assigned",
                proto.name()
            ),
            move || {
                let mut tenant = Tenant::host();
                tenant.serve("me", Spec::at(proto, "127.0.0.1", 80));
                assert_eq!(ask(proto, ("127.0.0.1", 80)).expect("no answer"), "me");
                tenant.associate(ONE, &Assignment::DEFAULT);
                nobody_answers(proto, ("127.0.0.1", 80));
                answer_is(&tenant, proto, "127.0.0.1", 80, "me");
            },
        ));
        tests.push(refusal(
            format!(
                "send_on_a_{}_connection_outside_the_set_is_refused",
                proto.name()
            ),
            ONE,
            EADDRNOTAVAIL,
            move || {
                let server = Sock::serving(proto, (HOST4, 0));
                let sock = Sock::v4(proto);
                sock.connect(server.local()).expect("connect before");
                Box::new(move || {
                    let _server = &server;
                    sock.send(b"x")
                })
            },
        ));
    }
    tests.extend([
        refusal(
            "send_on_a_connection_accepted_outside_the_set_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let server = Sock::serving(Proto::Tcp, (HOST4, 0));
                let client = Sock::v4(Proto::Tcp);
                client.connect(server.local()).expect("connect");
                let (connection, _) = server.accept().expect("accept");
                Box::new(move || {
                    let _client = &client;
                    connection.send(b"x")
                })
            },
        ),
        behaviour("connections_on_a_member_go_on_when_assigned", || {
            let server = Sock::serving(Proto::Tcp, ("10.0.0.1", 0));
            let client = Sock::v4(Proto::Tcp);
            client.connect(server.local()).expect("connect");
            let (connection, _) = server.accept().expect("accept");
            associate(ONE);
            connection.send(b"x").expect("send");
            assert_eq!(client.receive().expect("receive").0, b"x");
        }),
        behaviour("connections_outside_the_set_are_reset_when_asked", || {
            let server = Sock::serving(Proto::Tcp, (HOST4, 80));
            let (ready, go) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                let sock = Sock::v4(Proto::Tcp);
                sock.connect((HOST4, 80)).expect("connect");
                ready.send("");
                go.receive();
                let errno = sock
                    .receive()
                    .expect_err("the connection was reset")
                    .raw_os_error();
                assert_eq!(errno, Some(ECONNABORTED));
            });
            ready.receive();
            let (connection, _) = server.accept().expect("accept");
            let terms = Assignment::RESET;
            associate_with(child.pid(), ONE, &terms);
            go.send("");
            let gone = connection.receive();
            assert!(gone.map_or(true, |(data, _)| data.is_empty()));
            child.succeeded();
        }),
        behaviour("a_multi_threaded_server_is_assigned_as_a_whole", || {
            let ready = Channel::new();
            let server = Child::spawn(|| {
                let sock = Sock::serving(Proto::Tcp, (ANY4, 80));
                ready.send("");
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| loop {
                            // accept() may time out.
                            if let Ok((connection, _)) = sock.accept() {
                                let foreign = Sock::v4(Proto::Udp).bind((HOST4, 0));
                                let word = foreign.map_or("confined", |()| "free");
                                let _ = connection.send(word.as_bytes());
                            }
                        });
                    }
                });
            });
            ready.receive();
            assert_eq!(ask(Proto::Tcp, (HOST4, 80)).expect("no answer"), "free");
            associate_with(server.pid(), PAIRS[0], &Assignment::DEFAULT);
            for addr in ["10.0.0.1", "10.1.0.1"].repeat(4) {
                let word = ask(Proto::Tcp, (addr, 80)).expect("no answer");
                assert_eq!(word, "confined");
            }
            nobody_answers(Proto::Tcp, (HOST4, 80));
        }),
        behaviour(
            "sockets_keep_an_association_listed_after_its_release",
            || {
                let tenant = Tenant::new(PAIRS[0]);
                tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::Dual, 80));
                let device = Device::open();
                device.release(Target::Pid(tenant.pid())).expect("release");
                let found = device
                    .query(Target::Association(tenant.id))
                    .expect("listed");
                assert_eq!((found.tasks, found.sockets), (0, 1));
                // The socket keeps its scope.
                assert_eq!(ask(Proto::Tcp, ("10.1.0.1", 80)).expect("no answer"), "me");
                nobody_answers(Proto::Tcp, (HOST4, 80));
                nobody_answers(Proto::Tcp, (HOST6, 80));
                tenant.close("me");
                crate::child::eventually("the end of the association", || device.ids().is_empty());
            },
        ),
        behaviour("sockets_are_counted", || {
            let tenant = Tenant::new(ONE);
            let device = Device::open();
            let sockets = || {
                let found = device.query(Target::Association(tenant.id));
                found.expect("query").sockets
            };
            assert_eq!(sockets(), 0);
            for nr in 1..=5 {
                tenant.serve("me", Spec::wildcard(Proto::Udp, Kind::Dual, 8000 + nr));
                assert_eq!(sockets(), u64::from(nr));
            }
            tenant.close("me");
            crate::child::eventually("a count of 0 sockets", || sockets() == 0);
        }),
        behaviour(
            "a_socket_in_the_hosts_hands_stays_under_its_makers_rules",
            || {
                let number = Channel::new();
                let maker = spawn_tenant(TWO, || {
                    let sock = Sock::v4(Proto::Udp);
                    number.send(&sock.number().to_string());
                    stay();
                });
                let number = number.receive().parse().expect("a number");
                let sock = crate::sys::process::take_descriptor(maker.pid(), number);
                let sock = Sock::from(sock.expect("pidfd_getfd"));
                let errno = sock
                    .bind((HOST4, 80))
                    .expect_err("the address is foreign to the maker")
                    .raw_os_error();
                assert_eq!(errno, Some(EADDRNOTAVAIL));
                let server = Sock::serving(Proto::Udp, (HOST4, 0));
                sock.send_to(b"x", server.local()).expect("send");
                assert_eq!(server.receive().expect("receive").1.ip(), ip(TWO[0]));
            },
        ),
        behaviour("a_socket_in_the_hosts_hands_receives_for_its_maker", || {
            let tenant = Tenant::new(ONE);
            let number = Channel::new();
            let maker = spawn_tenant(TWO, || {
                let sock = Sock::v4(Proto::Tcp);
                sock.bind((ANY4, 80)).expect("wildcard");
                number.send(&sock.number().to_string());
                stay();
            });
            let number = number.receive().parse().expect("a number");
            // Used by the host, the wildcard still means the set of its maker.
            let sock = crate::sys::process::take_descriptor(maker.pid(), number);
            let sock = Sock::from(sock.expect("pidfd_getfd"));
            sock.listen().expect("listen");
            Sock::v4(Proto::Tcp).connect((TWO[0], 80)).expect("connect");
            nobody_answers(Proto::Tcp, (HOST4, 80));
            nobody_answers(Proto::Tcp, (ONE[0], 80));
            tenant.serve("one", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            drop(idle(ONE));
        }),
    ]);
    tests
}

fn narrows(proto: Proto, kind: Kind) {
    let mut tenant = Tenant::host();
    tenant.serve("me", Spec::wildcard(proto, kind, 80));
    let everywhere = ["10.0.0.1", "10.1.0.1", HOST4, "2001:db8:1::1", HOST6];
    for addr in everywhere.map(ip) {
        if kind.takes(addr) {
            assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "me", "{addr}");
        }
    }
    tenant.associate(PAIRS[0], &Assignment::DEFAULT);
    for addr in everywhere.map(ip) {
        let host = [HOST4, HOST6].map(ip).contains(&addr);
        if kind.takes(addr) && !host {
            assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "me", "{addr}");
        } else {
            nobody_answers(proto, (addr, 80));
        }
    }
    let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
    nobody_answers(proto, (loopback, 80));
    answer_is(&tenant, proto, loopback, 80, "me");
}
