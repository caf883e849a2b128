// SPDX-License-Identifier: GPL-2.0

//! `TCP_REPAIR` makes connections out of nothing, with any address and any
//! sequence number, and without asking the other end.

use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, EPERM, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_QUEUE};

use crate::addr::{ip, HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option;

/// `TCP_SEND_QUEUE` (`include/uapi/linux/tcp.h`).
const SEND_QUEUE: i32 = 2;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, host) in [("v4", HOST4), ("v6", HOST6)] {
        let name = |what: &str| format!("{what}_{family}_is_refused");
        tests.extend([
            refusal(name("repairing"), ONE, EPERM, move || {
                let sock = Sock::for_ip(Proto::Tcp, ip(host));
                Box::new(move || set_option(sock.as_fd(), IPPROTO_TCP, TCP_REPAIR, 1))
            }),
            refusal(
                name("bind_outside_the_set_of_a_socket_under_repair"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let sock = under_repair(host);
                    Box::new(move || sock.bind((host, 5000)))
                },
            ),
            refusal(
                name("connect_of_a_socket_under_repair_that_is_bound_outside_the_set"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let sock = under_repair(host);
                    sock.bind((host, 5000)).expect("bind before");
                    Box::new(move || sock.connect((host, 5001)))
                },
            ),
            refusal(
                name("sending_on_a_connection_repaired_outside_the_set"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let sock = under_repair(host);
                    sock.bind((host, 5000)).expect("bind before");
                    sock.connect((host, 5001)).expect("a connection to nobody");
                    sock.set(IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE);
                    Box::new(move || sock.send(b"x"))
                },
            ),
        ]);
    }
    tests
}

fn under_repair(host: &str) -> Sock {
    let sock = Sock::for_ip(Proto::Tcp, ip(host));
    sock.set(IPPROTO_TCP, TCP_REPAIR, 1);
    sock
}
