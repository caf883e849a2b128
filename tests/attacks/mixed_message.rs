// SPDX-License-Identifier: GPL-2.0

//! A raw socket sends a message in parts. It takes the route of the first part
//! and the addresses of the last (`ip_push_pending_frames()` as `raw_sendmsg()`
//! in `net/ipv4/raw.c` calls it). So a message to the own loopback leaves
//! through a cable, and the machine next door accepts it if it routes such
//! packets (`route_localnet`).

use std::io;
use std::os::fd::AsFd;

use libc::{AF_INET, EADDRNOTAVAIL, IPPROTO_UDP, MSG_MORE, SOCK_RAW};

use super::packets::forged;
use super::raw_socket_allowed::allowed;
use super::wire::Wire;
use crate::addr::{ip, Addr};
use crate::child::{in_child, Channel, Child};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::Sock;
use crate::sys::message::send_batch;

/// A machine next door, and the own loopback.
const NEXT_DOOR: &str = "10.1.0.99";
const LOOPBACK: &str = "127.0.0.1";

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_message_in_parts_to_the_loopback_does_not_leave", || {
            let send = || {
                let error = send([NEXT_DOOR, LOOPBACK]).expect_err("the message was sent");
                assert_eq!(error.raw_os_error(), Some(EADDRNOTAVAIL));
            };
            assert!(
                !leaves(|| allowed(send), LOOPBACK),
                "the message left the machine"
            );
        }),
        everywhere(
            "a_message_in_parts_to_the_loopback_leaves_for_others",
            || {
                let send = || send([NEXT_DOOR, LOOPBACK]).expect("send");
                assert!(
                    leaves(|| in_child(send), LOOPBACK),
                    "the message did not leave the machine"
                );
            },
        ),
        behaviour("a_message_in_parts_to_one_place_leaves", || {
            let send = || send([NEXT_DOOR, NEXT_DOOR]).expect("send");
            assert!(
                leaves(|| allowed(send), NEXT_DOOR),
                "the message did not leave the machine"
            );
        }),
        behaviour("a_message_in_parts_to_the_loopback_stays_there", || {
            allowed(|| send([LOOPBACK, LOOPBACK]).expect("send"));
        }),
    ]
}

/// Sends a message in two parts, each to a destination of its own.
fn send(to: [&str; 2]) -> io::Result<()> {
    let sock = Sock::new(AF_INET, SOCK_RAW, IPPROTO_UDP).expect("a raw socket");
    let data = &forged("10.0.0.1", LOOPBACK)[20..];
    let [first, last] = to.map(|to| Addr::from((ip(to), 0)));
    let begun = [(first.bytes(), Vec::new())];
    send_batch(sock.as_fd(), data, &begun, MSG_MORE)?;
    sock.send_to(data, last)
}

/// Whether a packet to this address leaves the machine.
fn leaves(send: impl FnOnce(), to: &str) -> bool {
    let (watching, sent, seen) = (Channel::new(), Channel::new(), Channel::new());
    // Another process watches: one with a packet socket cannot be associated.
    let watcher = Child::spawn(|| {
        let wire = Wire::at_the_cable();
        watching.send("");
        sent.receive();
        let left = wire.packets().iter().any(|p| p.destination() == ip(to));
        seen.send(&left.to_string());
    });
    watching.receive();
    send();
    sent.send("");
    watcher.succeeded();
    seen.receive() == "true"
}
