// SPDX-License-Identifier: GPL-2.0

//! Services of the host on any address of 127.0.0.0/8 trust everybody who reaches them, and so
//! do those of each tenant. The dedicated addresses, 127.64.0.0/10, are the host's.

use std::io;

use libc::{EACCES, EADDRNOTAVAIL, ECONNREFUSED, SOL_SOCKET, SO_BROADCAST};

use crate::addr::{ip, ANY4, ANY6, HOST4, ONE};
use crate::child::{in_child_with, Channel};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::server::{ask, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::Kind;

use super::witness::{Eavesdrop, PORT};

/// Addresses of which everybody has an own one.
const OWN: [&str; 5] = [
    "127.0.0.2",
    "127.0.1.1",
    "127.0.0.53",
    "127.128.0.1",
    "127.255.255.254",
];

/// One that nobody has as a dedicated address.
const FREE: &str = "127.64.0.77";

/// How long silence is observed, in milliseconds.
const SILENCE: i32 = 1000;

/// The broadcast address of the loopback interface.
const BROADCAST: &str = "127.255.255.255";

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for alias in OWN {
        let dashed = alias.replace('.', "_");
        for proto in PROTOS {
            let name = format!("a_{}_service_on_{dashed}_is_out_of_reach", proto.name());
            tests.push(refusal(name, ONE, ECONNREFUSED, move || {
                let server = Server::start(&[], "host", proto, move || {
                    Ok(Sock::serving(proto, (alias, 0)))
                });
                Box::new(move || ask(proto, server.local().clone()).map(drop))
            }));
        }
    }
    for proto in PROTOS {
        let name = |what: &str| {
            format!(
                "{}_{what}_a_free_dedicated_address_is_refused",
                proto.name()
            )
        };
        tests.extend([
            refusal(name("connect_to"), ONE, EACCES, move || {
                let server = Sock::serving(proto, (FREE, 0));
                Box::new(move || Sock::v4(proto).connect(server.local()))
            }),
            refusal(name("bind_to"), ONE, EADDRNOTAVAIL, move || {
                Box::new(move || Sock::v4(proto).bind((FREE, PORT)))
            }),
        ]);
    }
    for alias in OWN.into_iter().chain([FREE]) {
        let name = format!("a_message_from_{}_is_refused", alias.replace('.', "_"));
        tests.push(refusal(name, ONE, EADDRNOTAVAIL, move || {
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || sock.send_from(b"x", (HOST4, PORT), ip(alias)))
        }));
    }
    tests.extend([
        behaviour(
            "a_message_to_everybody_on_loopback_stays_with_its_tenant",
            || {
                assert!(!is_heard(ONE));
            },
        ),
        everywhere(
            "a_message_to_everybody_on_loopback_is_heard_from_an_unassociated_process",
            || {
                assert!(is_heard(&[]));
            },
        ),
    ]);
    let speak = || {
        for to in OWN.iter().chain(&[FREE, "127.0.0.1", BROADCAST]) {
            let sock = Sock::v4(Proto::Udp);
            sock.set(SOL_SOCKET, SO_BROADCAST, 1);
            let _ = sock.send_to(to.as_bytes(), (*to, PORT));
        }
        let _ = Sock::v6(Proto::Udp).send_to(b"::1", ("::1", PORT));
    };
    for (name, open) in [
        (
            "a_wildcard_beside_the_hosts_loopback",
            (|| {
                let sock = Kind::V4.socket(Proto::Udp);
                sock.bind((ANY4, PORT)).map(|()| sock)
            }) as fn() -> io::Result<Sock>,
        ),
        ("a_dual_stack_wildcard_beside_the_hosts_loopback", || {
            let sock = Kind::Dual.socket(Proto::Udp);
            sock.bind((ANY6, PORT)).map(|()| sock)
        }),
        ("a_socket_on_a_loopback_beside_the_hosts", || {
            let sock = Sock::v4(Proto::Udp);
            sock.bind(("127.0.0.1", PORT)).map(|()| sock)
        }),
        ("a_socket_on_a_v6_loopback_beside_the_hosts", || {
            let sock = Sock::v6(Proto::Udp);
            sock.bind(("::1", PORT)).map(|()| sock)
        }),
    ] {
        tests.extend(Eavesdrop { name, open, speak }.tests());
    }
    tests
}

/// Whether a server of the host answers a message that a process associated with `set` sends to
/// everybody on the loopback.
fn is_heard(set: &[&str]) -> bool {
    let server = Server::start(&[], "host", Proto::Udp, || {
        Ok(Sock::serving(Proto::Udp, (ANY4, 0)))
    });
    let to = (BROADCAST, server.local().port());
    let heard = Channel::new();
    in_child_with(set, || {
        let sock = Sock::v4(Proto::Udp);
        sock.set(SOL_SOCKET, SO_BROADCAST, 1);
        sock.send_to(b"?", to).expect("send");
        heard.send(&sock.has_input(SILENCE).to_string());
    });
    heard.receive() == "true"
}
