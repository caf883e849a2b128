// SPDX-License-Identifier: GPL-2.0

//! A raw socket gets a copy of every packet of its protocol, whatever its
//! destination.

use libc::{AF_INET, AF_INET6, EPERM, IPPROTO_UDP, SOCK_RAW};

use super::packets::{conversation, overhear};
use crate::addr::ONE;
use crate::registry::{refusal, Test};
use crate::sock::Sock;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, at) in [("v4", AF_INET, "10.0.0.2"), ("v6", AF_INET6, "2001:db8::2")] {
        tests.extend([
            refusal(
                format!("a_{family}_raw_socket_does_not_overhear_others"),
                ONE,
                EPERM,
                move || {
                    let talk = conversation(at);
                    Box::new(move || {
                        let ear = Sock::new(domain, SOCK_RAW, IPPROTO_UDP)?;
                        overhear(&ear).map(|()| drop(talk))
                    })
                },
            ),
            refusal(
                format!("a_{family}_raw_socket_opened_before_does_not_overhear_others"),
                ONE,
                EPERM,
                move || {
                    let talk = conversation(at);
                    let ear = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("a raw socket");
                    Box::new(move || overhear(&ear).map(|()| drop(talk)))
                },
            ),
        ]);
    }
    tests
}
