// SPDX-License-Identifier: GPL-2.0

//! A tenant owns a `127.0.0.1`, and so does every other owner. A message from
//! there that reaches another owner would pass for one from the receiver's own
//! loopback, which many services trust.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use libc::{
    EADDRNOTAVAIL, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPV6_RECVERR, IP_RECVERR, TCP_SYNCNT,
};

use crate::addr::{ip, mapped, Addr, ANY4, ANY6, HOST4, HOST6, ONE};
use crate::child::{as_tenant, in_child_with, Channel};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::Server;
use crate::sock::{Proto, Sock};

use super::witness::{sources, spoof};

/// How long silence is observed, in milliseconds.
const SILENCE: i32 = 300;

/// How often two destinations are sent to at once.
const ATTEMPTS: usize = 200;

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = [
        spoof(
            "a_message_from_a_socket_on_loopback",
            HOST4,
            "127.0.0.1",
            |to| {
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || {
                    sock.bind(("127.0.0.1", 0))?;
                    sock.send_to(b"x", to)
                })
            },
        ),
        spoof(
            "a_message_from_a_socket_on_v6_loopback",
            HOST6,
            "::1",
            |to| {
                let sock = Sock::v6(Proto::Udp);
                Box::new(move || {
                    sock.bind(("::1", 0))?;
                    sock.send_to(b"x", to)
                })
            },
        ),
        spoof(
            "a_message_from_a_socket_on_mapped_loopback",
            HOST4,
            "127.0.0.1",
            |to| {
                let sock = Sock::v6(Proto::Udp);
                Box::new(move || {
                    sock.bind((mapped("127.0.0.1"), 0))?;
                    sock.send_to(b"x", (mapped(HOST4), to.port()))
                })
            },
        ),
        spoof(
            "a_message_that_asks_for_loopback_as_its_source",
            HOST4,
            "127.0.0.1",
            |to| {
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || sock.send_from(b"x", to, ip("127.0.0.1")))
            },
        ),
        spoof(
            "a_message_that_asks_for_v6_loopback_as_its_source",
            HOST6,
            "::1",
            |to| {
                let sock = Sock::v6(Proto::Udp);
                Box::new(move || sock.send_from(b"x", to, ip("::1")))
            },
        ),
        spoof(
            "a_connection_from_loopback_to_another",
            HOST4,
            "127.0.0.1",
            |to| {
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || {
                    sock.bind(("127.0.0.1", 0))?;
                    sock.connect(to)?;
                    sock.send(b"x")
                })
            },
        ),
    ]
    .into_iter()
    .flat_map(|spoof| spoof.refused(EADDRNOTAVAIL))
    .collect();
    tests.extend(at_own_addresses());
    tests.push(behaviour(
        "two_destinations_at_once_never_exchange_their_sources",
        || {
            let witness = Sock::serving(Proto::Udp, (HOST4, 0));
            as_tenant(ONE, || both(&witness.local()));
            for source in sources(Proto::Udp, &witness) {
                assert_eq!(source, ip(ONE[0]));
            }
        },
    ));
    tests
}

/// A tenant may send from its loopback to the addresses of its set. A server of another owner
/// there, which has the port, would take it for a client on its own loopback.
fn at_own_addresses() -> Vec<Test> {
    let clients: [(&str, Proto, &'static str, &'static str); 4] = [
        (
            "a_message_from_loopback_to",
            Proto::Udp,
            ONE[0],
            "127.0.0.1",
        ),
        ("a_message_from_v6_loopback_to", Proto::Udp, ONE[1], "::1"),
        (
            "a_connection_from_loopback_to",
            Proto::Tcp,
            ONE[0],
            "127.0.1.1",
        ),
        (
            "a_connection_from_v6_loopback_to",
            Proto::Tcp,
            ONE[1],
            "::1",
        ),
    ];
    let mut tests = Vec::new();
    for (what, proto, at, from) in clients {
        for (whose, set) in [
            ("the_host", &[] as &'static [&'static str]),
            ("a_sharer", ONE),
        ] {
            for wildcard in [false, true] {
                let name = match wildcard {
                    false => format!("{what}_an_own_address_that_{whose}_serves"),
                    true => format!("{what}_an_own_address_that_a_wildcard_of_{whose}_serves"),
                };
                let bound = match (wildcard, ip(at).is_ipv4()) {
                    (false, _) => ip(at),
                    (true, true) => ANY4,
                    (true, false) => ANY6,
                };
                let attack = move |attacker: &[&str]| {
                    let server = Server::start(set, "fooled", proto, move || {
                        Ok(Sock::serving(proto, (bound, 0)))
                    });
                    let to = (ip(at), server.local().port());
                    let fooled = Channel::new();
                    in_child_with(attacker, || {
                        let asked = ask_from(from, proto, to);
                        fooled.send(&asked.unwrap_or_else(|e| e.to_string()));
                    });
                    fooled.receive() == "fooled"
                };
                tests.push(behaviour(format!("{name}_is_not_taken"), move || {
                    assert!(!attack(ONE));
                }));
                if set.is_empty() {
                    tests.push(everywhere(
                        format!("{name}_is_taken_from_an_unassociated_process"),
                        move || assert!(attack(&[])),
                    ));
                }
            }
        }
        if proto == Proto::Udp {
            tests.push(behaviour(
                format!("{what}_a_tenant_is_not_taken_from_the_host"),
                move || {
                    let server = Server::start(ONE, "fooled", proto, move || {
                        Ok(Sock::serving(proto, (ip(at), 0)))
                    });
                    let sock = Sock::for_ip(proto, ip(at));
                    sock.bind((ip(from), 0)).expect("bind");
                    sock.send_to(b"?", server.local().clone()).expect("send");
                    assert!(!sock.has_input(SILENCE), "the tenant answered");
                },
            ));
        }
    }
    tests
}

/// One thread sends to its own loopback and another to the witness, on the same
/// socket.
fn both(to: &Addr) {
    let sock = Sock::v4(Proto::Udp);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = sock.send_to(b"x", ("127.0.0.1", 9));
            }
        });
        for _ in 0..ATTEMPTS {
            let _ = sock.send_to(b"x", to.clone());
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// The word of a server at `to` for a client at `from`. Linux refuses no connection from `::1` to
/// another address: its reset finds no route. So this does not wait for one. And it takes a
/// datagram from any address: a wildcard socket answers from that of the client.
fn ask_from(from: &str, proto: Proto, to: (IpAddr, u16)) -> io::Result<String> {
    let sock = Sock::for_ip(proto, to.0);
    sock.bind((ip(from), 0))?;
    match proto {
        Proto::Tcp => {
            sock.set(IPPROTO_TCP, TCP_SYNCNT, 1);
            sock.connect(to)?;
        }
        Proto::Udp => {
            // Tells that the port is closed.
            match to.0 {
                IpAddr::V4(_) => sock.set(IPPROTO_IP, IP_RECVERR, 1),
                IpAddr::V6(_) => sock.set(IPPROTO_IPV6, IPV6_RECVERR, 1),
            }
            sock.send_to(b"?", to)?;
        }
    }
    let (word, _) = sock.receive()?;
    Ok(String::from_utf8_lossy(&word).into_owned())
}
