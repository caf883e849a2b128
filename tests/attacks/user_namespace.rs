// SPDX-License-Identifier: GPL-2.0

//! A user namespace, in which anybody has all capabilities, with and without a
//! network namespace that belongs to it.

use std::{fs, io};

use libc::{EADDRNOTAVAIL, EPERM};

use crate::addr::{HOST4, ONE};
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::become_user;
use crate::sys::process::unshare;
use crate::world::configure;

/// A user without privileges.
const NOBODY: u32 = 65534;

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "raw_socket_with_all_capabilities_in_a_user_namespace_is_refused",
            ONE,
            EPERM,
            || {
                Box::new(|| {
                    enter(libc::CLONE_NEWNET);
                    let (kind, protocol) = (libc::SOCK_RAW, libc::IPPROTO_ICMP);
                    Sock::new(libc::AF_INET, kind, protocol).map(drop)
                })
            },
        ),
        refusal(
            "packet_socket_with_all_capabilities_in_a_user_namespace_is_refused",
            ONE,
            EPERM,
            || {
                Box::new(|| {
                    enter(libc::CLONE_NEWNET);
                    Sock::new(libc::AF_PACKET, libc::SOCK_RAW, 0).map(drop)
                })
            },
        ),
        refusal(
            "bind_to_a_foreign_address_given_to_ones_own_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    enter(libc::CLONE_NEWNET);
                    // Who is root there keeps its capabilities over exec.
                    fs::write("/proc/self/uid_map", "0 0 1")?;
                    let add = format!("link set lo up\naddr add {HOST4}/32 dev lo\n");
                    configure(&add).expect("ip");
                    Sock::v4(Proto::Tcp).bind((HOST4, 80))
                })
            },
        ),
        refusal(
            "bind_in_a_user_namespace_on_the_hosts_network_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    enter(0);
                    Sock::v4(Proto::Tcp).bind((HOST4, 8080))
                })
            },
        ),
        refusal(
            "bind_by_an_unprivileged_user_in_a_user_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    become_user(NOBODY)?;
                    enter(0);
                    Sock::v4(Proto::Tcp).bind((HOST4, 8080))
                })
            },
        ),
        refusal(
            "use_of_a_foreign_socket_in_a_user_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            carried_in,
        ),
    ]
}

/// Enters a user namespace, and others that will belong to it.
fn enter(others: i32) {
    unshare(libc::CLONE_NEWUSER | others).expect("unshare");
}

/// A socket from outside is used within.
fn carried_in() -> Attack {
    let sock = Sock::v4(Proto::Udp);
    sock.bind((HOST4, 0)).expect("bind before");
    Box::new(move || -> io::Result<()> {
        enter(libc::CLONE_NEWNET);
        sock.send_to(b"x", (HOST4, 9))
    })
}
