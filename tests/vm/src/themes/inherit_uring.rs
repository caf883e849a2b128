// SPDX-License-Identifier: GPL-2.0

//! The kernel threads that run a ring's operations belong to the association of the
//! process that made the ring.

use libc::{EADDRNOTAVAIL, EPROTONOSUPPORT};

use crate::addr::{ip, ANY4, HOST4, HOST6, ONE, V4_ONLY, V6_ONLY};
use crate::child::{as_tenant, in_child};
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::server::{nobody_answers, source_seen};
use crate::sock::{Proto, Sock};
use crate::uring::Ring;

/// A way to make a ring.
type Make = fn() -> Ring;

/// The kinds of ring: with worker threads, and with a polling thread.
const KINDS: [(Make, &str); 2] = [(Ring::new, "ring"), (Ring::polled, "polled_ring")];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (make, kind) in KINDS {
        tests.extend(refusals(make, kind));
        tests.extend(behaviours(make, kind));
    }
    tests
}

fn refusals(make: Make, kind: &str) -> Vec<Test> {
    let name = |what: &str| format!("{kind}_{what}_is_refused");
    vec![
        refusal(
            name("bind_to_a_foreign_address"),
            ONE,
            EADDRNOTAVAIL,
            move || Box::new(move || make().bind(&Sock::v4(Proto::Tcp), (HOST4, 80))),
        ),
        refusal(
            name("made_before_bind_to_a_foreign_address"),
            ONE,
            EADDRNOTAVAIL,
            move || {
                let mut ring = make();
                ring.warm_up();
                Box::new(move || ring.bind(&Sock::v4(Proto::Tcp), (HOST4, 80)))
            },
        ),
        refusal(
            name("listen_of_a_socket_bound_before"),
            ONE,
            EADDRNOTAVAIL,
            move || {
                let sock = Sock::v4(Proto::Tcp);
                sock.bind((HOST4, 80)).expect("bind before");
                Box::new(move || make().listen(&sock))
            },
        ),
        refusal(name("multipath_socket"), ONE, EPROTONOSUPPORT, move || {
            Box::new(move || {
                let (domain, kind) = (libc::AF_INET, libc::SOCK_STREAM);
                make().socket(domain, kind, libc::IPPROTO_MPTCP).map(drop)
            })
        }),
        refusal(
            name("connect_v4_with_a_v6_set"),
            V6_ONLY,
            EADDRNOTAVAIL,
            move || {
                let server = Sock::serving(Proto::Tcp, (HOST4, 0));
                Box::new(move || make().connect(&Sock::v4(Proto::Tcp), server.local()))
            },
        ),
        refusal(
            name("sendmsg_v4_with_a_v6_set"),
            V6_ONLY,
            EADDRNOTAVAIL,
            move || Box::new(move || make().send_to(&Sock::v4(Proto::Udp), b"x", (HOST4, 9))),
        ),
        refusal(
            name("sendmsg_from_a_foreign_source"),
            ONE,
            EADDRNOTAVAIL,
            move || from_a_source(make, HOST4),
        ),
        refusal(
            name("sendmsg_from_a_foreign_v6_source"),
            ONE,
            EADDRNOTAVAIL,
            move || from_a_source(make, HOST6),
        ),
    ]
}

/// Sends from this source through a ring to a witness, which must see it.
fn from_a_source(make: Make, source: &'static str) -> Attack {
    let witness = Sock::serving(Proto::Udp, (source, 0));
    Box::new(move || {
        let sock = Sock::for_ip(Proto::Udp, ip(source));
        make().send_from(&sock, b"x", witness.local(), ip(source))?;
        let (_, from) = witness.receive()?;
        assert_eq!(from.ip(), ip(source));
        Ok(())
    })
}

fn behaviours(make: Make, kind: &str) -> Vec<Test> {
    vec![
        behaviour(format!("{kind}_wildcard_means_the_set"), move || {
            as_tenant(V4_ONLY, || {
                let (mut ring, sock) = (make(), Sock::v4(Proto::Tcp));
                ring.bind(&sock, (ANY4, 80)).expect("bind");
                ring.listen(&sock).expect("listen");
                assert_eq!(sock.local().internet(), (ANY4, 80).into());
                in_child(|| {
                    Sock::v4(Proto::Tcp).connect(("10.0.0.1", 80)).expect("own");
                    nobody_answers(Proto::Tcp, (HOST4, 80));
                });
            });
        }),
        behaviour(format!("{kind}_connection_comes_from_the_set"), move || {
            let from = source_seen(Proto::Tcp, HOST4, ONE, |to| {
                make().connect(&Sock::v4(Proto::Tcp), to).expect("connect");
            });
            assert_eq!(from.ip(), ip("10.0.0.1"));
        }),
        behaviour(format!("{kind}_message_comes_from_the_set"), move || {
            let from = source_seen(Proto::Udp, HOST4, ONE, |to| {
                let sock = Sock::v4(Proto::Udp);
                make().send_to(&sock, b"x", to).expect("sendmsg");
            });
            assert_eq!(from.ip(), ip("10.0.0.1"));
        }),
    ]
}
