// SPDX-License-Identifier: GPL-2.0

//! A table of descriptors is shared with an unassociated process. What that
//! process opens appears in the table, without a call that could be refused.

use std::io;

use libc::{EACCES, EADDRNOTAVAIL};

use super::packet_socket_opened_before::{mapped, unmapped_ring};
use crate::addr::{HOST4, ONE};
use crate::child::{stay, Channel, Child};
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::sharing_descriptors;
use crate::sys::descriptor::opened_by_another;
use crate::sys::process::kill;

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "accept_on_a_listener_opened_in_a_shared_table_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                shared(
                    || {
                        let server = Sock::serving(Proto::Tcp, (HOST4, 80));
                        // A client waits to be accepted.
                        let client = Sock::v4(Proto::Tcp);
                        client.connect((HOST4, 80)).expect("connect");
                        std::mem::forget(client);
                        server
                    },
                    |sock| sock.accept().map(drop),
                )
            },
        ),
        refusal(
            "listen_on_a_socket_bound_in_a_shared_table_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                shared(
                    || {
                        let sock = Sock::v4(Proto::Tcp);
                        sock.bind((HOST4, 80)).expect("bind");
                        sock
                    },
                    Sock::listen,
                )
            },
        ),
        refusal(
            "send_on_a_socket_bound_in_a_shared_table_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                shared(
                    || Sock::serving(Proto::Udp, (HOST4, 80)),
                    |sock| sock.send_to(b"x", (HOST4, 9)),
                )
            },
        ),
        refusal(
            "mapping_a_ring_of_packets_set_up_in_a_shared_table_is_refused",
            ONE,
            EACCES,
            || shared(unmapped_ring, |sock| mapped(sock).map(drop)),
        ),
        refusal(
            "bind_of_ones_own_socket_by_another_process_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let sock = Sock::v4(Proto::Udp);
                let (go, done) = (Channel::new(), Channel::new());
                let other = Child::spawn(|| {
                    go.receive();
                    let errno = sock.bind((HOST4, 0)).err().and_then(|e| e.raw_os_error());
                    done.send(&errno.unwrap_or(0).to_string());
                    stay();
                });
                Box::new(move || {
                    let _other = &other;
                    go.send("");
                    match done.receive().parse().expect("an errno") {
                        0 => sock.send_to(b"x", (HOST4, 9)),
                        errno => Err(io::Error::from_raw_os_error(errno)),
                    }
                })
            },
        ),
    ]
}

/// Another process with the same table opens a socket during the attack, and
/// this process uses it.
pub(super) fn shared(make: fn() -> Sock, operate: fn(&Sock) -> io::Result<()>) -> Attack {
    let (go, number) = (Channel::new(), Channel::new());
    let other = sharing_descriptors(|| {
        go.receive();
        // It closes nothing, as that would close it for both.
        let sock = make();
        number.send(&sock.number().to_string());
        stay();
    });
    let other = other.expect("clone3");
    Box::new(move || {
        go.send("");
        let number = number.receive().parse().expect("a number");
        let outcome = operate(&Sock::from(opened_by_another(number)));
        kill(other, libc::SIGKILL).expect("kill");
        outcome
    })
}
