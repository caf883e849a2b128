// SPDX-License-Identifier: GPL-2.0

//! Sockets that an associated process makes in an io_uring's own table, where
//! they never become descriptors.

use libc::{EACCES, EADDRNOTAVAIL, EPERM};

use crate::addr::{HOST4, ONE};
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock};
use crate::uring::{On, Ring};

const FIRST: On<'static> = On::Slot(0);

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "direct_descriptor_bind_to_a_foreign_address_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    let mut ring = with_room();
                    stream(&mut ring);
                    ring.bind(FIRST, (HOST4, 80))
                })
            },
        ),
        refusal(
            "direct_descriptor_of_a_raw_socket_is_refused",
            ONE,
            EPERM,
            || {
                Box::new(|| {
                    let (kind, protocol) = (libc::SOCK_RAW, libc::IPPROTO_ICMP);
                    with_room().socket_into(0, libc::AF_INET, kind, protocol)
                })
            },
        ),
        refusal(
            "direct_descriptor_of_a_packet_socket_is_refused",
            ONE,
            EPERM,
            || Box::new(|| with_room().socket_into(0, libc::AF_PACKET, libc::SOCK_RAW, 0)),
        ),
        refusal(
            "direct_descriptor_made_a_real_one_stays_confined",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    let mut ring = with_room();
                    stream(&mut ring);
                    Sock::from(ring.install(0).expect("install")).bind((HOST4, 80))
                })
            },
        ),
        refusal(
            "foreign_socket_in_a_rings_table_cannot_become_a_descriptor",
            ONE,
            EACCES,
            || {
                let mut ring = Ring::new();
                let foreign = Sock::serving(Proto::Tcp, (HOST4, 80));
                ring.register(&[&foreign]).expect("register");
                drop(foreign);
                Box::new(move || ring.install(0).map(drop))
            },
        ),
    ]
}

fn with_room() -> Ring {
    let mut ring = Ring::new();
    ring.register_room(1).expect("room for a file");
    ring
}

fn stream(ring: &mut Ring) {
    let made = ring.socket_into(0, libc::AF_INET, libc::SOCK_STREAM, 0);
    made.expect("a socket in a slot");
}
