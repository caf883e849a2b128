// SPDX-License-Identifier: GPL-2.0

//! The mark of a packet on the loopback says whose it is. A process that may
//! administer the network, or have raw sockets, gives messages marks of its
//! choice, and routing rules match marks.

use std::os::fd::AsFd;

use libc::{EPERM, SOL_SOCKET, SO_MARK};

use super::wire::Wire;
use super::witness::PORT;
use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::child::{in_child, spawn_tenant, Channel};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::control_message::Control;
use crate::sys::message::{send_twice, sendmsg};

/// Marks that messages of the host may have, and some that others' may have.
const MARKS: [u32; 6] = [0, 1, 2, 3, 0x8000_0000, 0xffff_ffff];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, host, loopback) in [("v4", HOST4, "127.0.0.1"), ("v6", HOST6, "::1")] {
        for (what, to) in [("message", host), ("message_over_loopback", loopback)] {
            tests.push(refusal(
                format!("a_{family}_{what}_with_a_mark_is_refused"),
                ONE,
                EPERM,
                move || {
                    let sock = Sock::for_ip(Proto::Udp, ip(to));
                    let to = Addr::from((to, PORT));
                    Box::new(move || sendmsg(sock.as_fd(), b"x", to.bytes(), &mark(1)).map(drop))
                },
            ));
        }
        tests.extend([
            behaviour(
                format!("a_second_message_with_a_mark_does_not_reach_the_hosts_{family}_loopback"),
                move || {
                    let (go, done) = (Channel::new(), Channel::new());
                    let tenant = spawn_tenant(ONE, || {
                        go.receive();
                        twice(loopback);
                        done.send("");
                    });
                    // Not before the fork, or the tenant would have it as well.
                    let host = Sock::serving(Proto::Udp, (loopback, PORT));
                    go.send("");
                    done.receive();
                    assert!(!host.has_input(500), "the host received the message");
                    tenant.succeeded();
                },
            ),
            everywhere(
                format!("a_second_message_with_a_mark_leaves_on_{family}_for_the_host"),
                move || {
                    let wire = Wire::watched_for(loopback);
                    in_child(|| twice(loopback));
                    let left = wire.packets();
                    // Both messages of a pair are seen leaving and arriving,
                    // with errors about them.
                    assert!(left.len() >= 2 * MARKS.len(), "only {} packets", left.len());
                },
            ),
        ]);
    }
    tests
}

fn mark(value: u32) -> Control {
    (SOL_SOCKET, SO_MARK, value.to_ne_bytes().to_vec())
}

/// Sends two messages with each mark, which only the second one has.
fn twice(to: &str) {
    for value in MARKS {
        let sock = Sock::for_ip(Proto::Udp, ip(to));
        let _ = send_twice(
            sock.as_fd(),
            b"x",
            Addr::from((to, PORT)).bytes(),
            &mark(value),
        );
    }
}
