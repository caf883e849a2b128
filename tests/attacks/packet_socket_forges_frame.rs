// SPDX-License-Identifier: GPL-2.0

//! A packet socket sends frames that the program wrote, with any source. They
//! look as if they came from the network.

use libc::{AF_PACKET, EPERM, SOCK_DGRAM, SOCK_RAW};

use super::packets::{deceived, forged, forged_frame, on_loopback, trust_the_network, victim};
use crate::addr::{HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::Sock;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, source, to) in [("v4", "10.0.0.2", HOST4), ("v6", "2001:db8::2", HOST6)] {
        for (what, kind) in [("raw", SOCK_RAW), ("cooked", SOCK_DGRAM)] {
            tests.push(refusal(
                format!("a_{what}_packet_socket_cannot_forge_a_{family}_packet"),
                ONE,
                EPERM,
                move || {
                    trust_the_network();
                    let victim = victim(to);
                    let data = match kind {
                        SOCK_RAW => forged_frame(source, to),
                        _ => forged(source, to),
                    };
                    Box::new(move || {
                        let sock = Sock::new(AF_PACKET, kind, 0)?;
                        sock.send_to(&data, on_loopback(to))?;
                        deceived(&victim, source)
                    })
                },
            ));
        }
    }
    tests
}
