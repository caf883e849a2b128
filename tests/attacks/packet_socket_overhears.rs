// SPDX-License-Identifier: GPL-2.0

//! A packet socket gets a copy of everything that passes an interface.

use libc::{AF_INET, AF_PACKET, EPERM, SOCK_DGRAM, SOCK_RAW};

use super::packets::{conversation, on_loopback, overhear};
use crate::addr::ONE;
use crate::registry::{refusal, Test};
use crate::sock::Sock;

/// The obsolete type of packet sockets.
const SOCK_PACKET: i32 = 10;
/// All protocols, in network order.
const ETH_P_ALL: i32 = 0x0300;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, kind) in [("raw", SOCK_RAW), ("cooked", SOCK_DGRAM)] {
        for (family, at) in [("v4", "10.0.0.2"), ("v6", "2001:db8::2")] {
            tests.push(refusal(
                format!("a_{what}_packet_socket_does_not_overhear_others_over_{family}"),
                ONE,
                EPERM,
                move || {
                    let talk = conversation(at);
                    Box::new(move || {
                        let ear = Sock::new(AF_PACKET, kind, 0)?;
                        ear.bind(on_loopback(at))?;
                        overhear(&ear).map(|()| drop(talk))
                    })
                },
            ));
        }
    }
    for (what, domain) in [("internet", AF_INET), ("packet", AF_PACKET)] {
        tests.push(refusal(
            format!("an_obsolete_packet_socket_of_the_{what}_family_overhears_nobody"),
            ONE,
            EPERM,
            move || {
                let talk = conversation("10.0.0.2");
                Box::new(move || {
                    let ear = Sock::new(domain, SOCK_PACKET, ETH_P_ALL)?;
                    overhear(&ear).map(|()| drop(talk))
                })
            },
        ));
    }
    tests
}
