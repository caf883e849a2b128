// SPDX-License-Identifier: GPL-2.0

//! Another thread changes a socket address during the call. The kernel must use
//! the address that was checked.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::addr::{ip, Addr, HOST4, ONE};
use crate::child::as_tenant;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::changing::{bind_to_changing, send_to_changing, ChangingAddr};

use super::witness::sources;

const ATTEMPTS: usize = 400;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "no_socket_is_bound_outside_the_set_by_a_changing_address",
            || {
                as_tenant(ONE, || {
                    for bound in bound_to(["10.0.0.1", HOST4]) {
                        assert_eq!(bound, ip(ONE[0]));
                    }
                });
            },
        ),
        everywhere(
            "an_unassociated_socket_is_bound_to_either_changing_address",
            || {
                let seen = bound_to(["10.0.0.1", HOST4]);
                assert!(seen.contains(&ip(HOST4)), "the attack failed");
            },
        ),
        behaviour(
            "nothing_reaches_another_loopback_by_a_changing_address",
            || {
                let witness = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                let port = witness.local().port();
                as_tenant(ONE, || send_to_either(port));
                assert!(sources(Proto::Udp, &witness).is_empty());
            },
        ),
        everywhere(
            "an_unassociated_message_reaches_either_changing_address",
            || {
                let witness = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                send_to_either(witness.local().port());
                assert!(
                    !sources(Proto::Udp, &witness).is_empty(),
                    "the attack failed"
                );
            },
        ),
    ]
}

/// Binds sockets while the address changes. Returns what they are bound to.
fn bound_to(either: [&str; 2]) -> Vec<IpAddr> {
    let mut bound = Vec::new();
    trying(either, 0, |sock, addr| {
        bind_to_changing(sock.as_fd(), addr)?;
        bound.push(sock.local().ip());
        Ok(())
    });
    bound
}

fn send_to_either(port: u16) {
    trying(["127.0.0.1", "127.64.0.77"], port, |sock, addr| {
        send_to_changing(sock.as_fd(), b"x", addr).map(drop)
    });
}

/// Runs `attempt` again and again while another thread changes the address.
fn trying(
    either: [&str; 2],
    port: u16,
    mut attempt: impl FnMut(&Sock, &ChangingAddr) -> io::Result<()>,
) {
    let words = either.map(|addr| {
        let addr = Addr::from((addr, port));
        let word = |nr: usize| {
            let bytes = &addr.bytes()[4 * nr..4 * nr + 4];
            u32::from_ne_bytes(bytes.try_into().expect("four bytes"))
        };
        [0, 1, 2, 3].map(word)
    });
    let addr: ChangingAddr = words[0].map(AtomicU32::new);
    let (done, changes) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut nr = 0;
            while !done.load(Ordering::Relaxed) {
                nr = 1 - nr;
                // The second word is the address.
                addr[1].store(words[nr][1], Ordering::Relaxed);
                changes.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (mut tried, mut last) = (0, 0);
        while tried < ATTEMPTS {
            // Half of the attempts may be refused.
            let _ = attempt(&Sock::v4(Proto::Udp), &addr);
            thread::yield_now();
            // On a busy machine the other thread may not run for a long time.
            // Only attempts after a change count.
            let now = changes.load(Ordering::Relaxed);
            tried += usize::from(now != last);
            last = now;
        }
        done.store(true, Ordering::Relaxed);
    });
}
