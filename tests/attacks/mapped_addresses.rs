// SPDX-License-Identifier: GPL-2.0

//! IPv4 addresses in their IPv6 form, in every call that takes an address.

use std::net::IpAddr;

use libc::{AF_INET6, EACCES, EADDRNOTAVAIL, IPPROTO_RAW, SOCK_RAW};

use crate::addr::{mapped, Addr, HOST4, HOST6, ONE};
use crate::child::{Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock};

use super::packets::{forged, victim};
use super::witness::{Eavesdrop, Spoof, PORT};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for alias in ["127.64.0.77", "127.127.255.254"] {
        let alias_name = alias.replace('.', "_");
        let name = |what: &str| format!("{what}_mapped_{alias_name}_is_refused");
        tests.extend([
            refusal(name("sendto"), ONE, EACCES, move || {
                let server = Sock::serving(Proto::Udp, (mapped(alias), 0));
                let sock = Sock::v6(Proto::Udp);
                Box::new(move || sock.send_to(b"x", server.local()))
            }),
            refusal(name("fast_open_to"), ONE, EACCES, move || {
                let server = Sock::serving(Proto::Tcp, (mapped(alias), 0));
                let sock = Sock::v6(Proto::Tcp);
                Box::new(move || sock.send_fast_open(b"x", server.local()))
            }),
            refusal(name("bind_to"), ONE, EADDRNOTAVAIL, move || {
                let sock = Sock::v6(Proto::Udp);
                Box::new(move || sock.bind((mapped(alias), PORT)))
            }),
        ]);
    }
    tests.push(refusal(
        "connect_of_a_socket_bound_to_the_mapped_wildcard_to_mapped_loopback_is_refused",
        ONE,
        EACCES,
        || {
            let server = Sock::serving(Proto::Tcp, ("127.64.0.77", 0));
            Box::new(move || {
                let sock = Sock::v6(Proto::Tcp);
                sock.bind((mapped("0.0.0.0"), 0))?;
                sock.connect((mapped("127.64.0.77"), server.local().port()))
            })
        },
    ));
    let wildcard = Eavesdrop {
        name: "a_mapped_wildcard",
        open: || {
            let sock = Sock::v6(Proto::Udp);
            sock.bind((mapped("0.0.0.0"), PORT)).map(|()| sock)
        },
        speak: || {
            let to: [IpAddr; 2] = [mapped(HOST4), mapped("127.0.0.1")];
            for to in to {
                Sock::v6(Proto::Udp)
                    .send_to(b"x", (to, PORT))
                    .expect("send");
            }
        },
    };
    let source = Spoof {
        name: "a_socket_bound_to_the_mapped_wildcard",
        proto: Proto::Udp,
        at: HOST4,
        foreign: HOST4,
        prepare: |to| {
            Box::new(move || {
                let sock = Sock::v6(Proto::Udp);
                sock.bind((mapped("0.0.0.0"), 0))?;
                sock.send_to(b"x", (mapped(HOST4), to.port()))
            })
        },
    };
    tests.extend(wildcard.tests());
    tests.extend(source.tests());
    // A server of both families takes it for its own loopback.
    let loopback = "::ffff:127.0.0.1";
    tests.extend([
        behaviour(
            "no_message_from_a_mapped_loopback_reaches_a_tenant",
            move || {
                assert!(hears(ONE, HOST6), "nothing arrives at all");
                assert!(!hears(ONE, loopback), "the forged message arrived");
            },
        ),
        everywhere(
            "a_message_from_a_mapped_loopback_reaches_others",
            move || {
                assert!(hears(&[], loopback), "the attack failed");
            },
        ),
    ]);
    tests
}

/// Whether a server, associated with `set` unless that is empty, gets a datagram that the host
/// sends over IPv6 with this source.
fn hears(set: &[&str], source: &str) -> bool {
    let own = ONE[1];
    let (ready, sent, result) = (Channel::new(), Channel::new(), Channel::new());
    let server = Child::spawn(|| {
        if !set.is_empty() {
            associate(set);
        }
        let server = victim(own);
        ready.send("");
        sent.receive();
        result.send(&server.has_input(500).to_string());
    });
    ready.receive();
    let sock = Sock::new(AF_INET6, SOCK_RAW, IPPROTO_RAW).expect("a raw socket");
    let packet = forged(source, own);
    sock.send_to(&packet, Addr::from((own, 0))).expect("send");
    sent.send("");
    server.succeeded();
    result.receive() == "true"
}
