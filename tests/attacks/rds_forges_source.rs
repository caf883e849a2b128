// SPDX-License-Identifier: GPL-2.0

//! RDS sends datagrams over TCP connections that the kernel makes, from the
//! address that the program named.

use std::io;

use libc::{AF_RDS, EAFNOSUPPORT, SOCK_SEQPACKET};

use super::packets::{deceived, FORGED, PORT};
use crate::addr::{HOST4, ONE};
use crate::registry::{refusal, Test};
use crate::sock::Sock;

pub fn tests() -> Vec<Test> {
    vec![refusal(
        "rds_does_not_send_from_anothers_address",
        ONE,
        EAFNOSUPPORT,
        || {
            let victim = Sock::new(AF_RDS, SOCK_SEQPACKET, 0).expect("RDS");
            victim.bind((HOST4, PORT)).expect("bind");
            Box::new(move || {
                let sock = Sock::new(AF_RDS, SOCK_SEQPACKET, 0)?;
                sock.bind(("10.0.0.2", PORT))?;
                deceive(&sock, &victim, "10.0.0.2")
            })
        },
    )]
}

/// Sends the forged message until it arrives: the end of any network namespace
/// ends the connections of all of them.
pub fn deceive(sock: &Sock, victim: &Sock, source: &str) -> io::Result<()> {
    for _ in 0..20 {
        sock.send_to(FORGED, victim.local())?;
        if victim.has_input(500) {
            break;
        }
    }
    deceived(victim, source)
}
