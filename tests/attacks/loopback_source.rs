// SPDX-License-Identifier: GPL-2.0

//! A tenant owns a `127.0.0.1`, and so does every other owner. A message from
//! there that reaches another owner would pass for one from the receiver's own
//! loopback, which many services trust.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use libc::EADDRNOTAVAIL;

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE};
use crate::child::as_tenant;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

use super::witness::{sources, spoof};

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
