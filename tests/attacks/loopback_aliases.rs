// SPDX-License-Identifier: GPL-2.0

//! Every address of 127.0.0.0/8 is the host's. Services that listen there trust
//! everybody who reaches them.

use std::io;

use libc::{EACCES, EADDRNOTAVAIL, SOL_SOCKET, SO_BROADCAST};

use crate::addr::{ip, ANY4, ANY6, HOST4, ONE};
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::Kind;

use super::witness::{Eavesdrop, PORT};

/// The last one is in the range of dedicated loopback addresses.
const ALIASES: [&str; 6] = [
    "127.0.0.2",
    "127.0.1.1",
    "127.0.0.53",
    "127.128.0.1",
    "127.255.255.254",
    "127.64.0.77",
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for alias in ALIASES {
        let dashed = alias.replace('.', "_");
        for proto in PROTOS {
            let name = |what: &str| format!("{}_{what}_{dashed}_is_refused", proto.name());
            tests.extend([
                refusal(name("connect_to"), ONE, EACCES, move || {
                    let server = Sock::serving(proto, (alias, 0));
                    Box::new(move || Sock::v4(proto).connect(server.local()))
                }),
                refusal(name("bind_to"), ONE, EADDRNOTAVAIL, move || {
                    Box::new(move || Sock::v4(proto).bind((alias, PORT)))
                }),
            ]);
        }
        let name = format!("a_message_from_{dashed}_is_refused");
        tests.push(refusal(name, ONE, EADDRNOTAVAIL, move || {
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || sock.send_from(b"x", (HOST4, PORT), ip(alias)))
        }));
    }
    tests.push(refusal(
        "sendto_the_broadcast_address_of_loopback_is_refused",
        ONE,
        EACCES,
        || {
            let sock = Sock::v4(Proto::Udp);
            sock.set(SOL_SOCKET, SO_BROADCAST, 1);
            Box::new(move || sock.send_to(b"x", ("127.255.255.255", PORT)))
        },
    ));
    let speak = || {
        for to in ALIASES.iter().chain(&["127.0.0.1", "127.255.255.255"]) {
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
