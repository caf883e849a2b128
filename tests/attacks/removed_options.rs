// SPDX-License-Identifier: GPL-2.0

//! Removing IPv4 options and IPv6 extension headers from a socket, which programs do to be
//! safe, is permitted. It is told from attaching some by the length in the registers of the
//! call. An attack: a ring attaches options while its thread returns from such a call.

use std::os::fd::AsFd;
use std::thread;

use libc::{EPERM, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IP_OPTIONS, TCP_REPAIR};
use libc::{IPV6_2292PKTOPTIONS, IPV6_DSTOPTS, IPV6_HOPOPTS, IPV6_RTHDR, IPV6_RTHDRDSTOPTS};

use crate::addr::{ip, HOST4, HOST6, ONE};
use crate::child::{as_tenant, in_child_with, Channel};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::{option_bytes, set_option, set_option_bytes};
use crate::sys::pipe::{pipe, write};
use crate::sys::user::become_user;
use crate::uring::Ring;

const OPTIONS: [(&str, &str, i32, i32); 6] = [
    ("options_v4", HOST4, IPPROTO_IP, IP_OPTIONS),
    ("packet_options", HOST6, IPPROTO_IPV6, IPV6_2292PKTOPTIONS),
    ("hop_options", HOST6, IPPROTO_IPV6, IPV6_HOPOPTS),
    (
        "options_for_routers",
        HOST6,
        IPPROTO_IPV6,
        IPV6_RTHDRDSTOPTS,
    ),
    ("a_routing_header", HOST6, IPPROTO_IPV6, IPV6_RTHDR),
    ("destination_options", HOST6, IPPROTO_IPV6, IPV6_DSTOPTS),
];

/// An option that is padding.
const NO_OPERATION: &[u8] = &[1; 4];

/// How often the ring is given an opportunity. An interrupt can take one away.
const ATTEMPTS: usize = 50;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, host, level, option) in OPTIONS {
        for proto in [Proto::Udp, Proto::Tcp] {
            tests.push(behaviour(
                format!("{what}_may_be_removed_from_a_{proto:?}_socket").to_lowercase(),
                move || {
                    as_tenant(ONE, || {
                        let sock = Sock::for_ip(proto, ip(host));
                        set_option_bytes(sock.as_fd(), level, option, &[]).expect("removed");
                    });
                },
            ));
        }
    }
    tests.extend([
        behaviour(
            "a_ring_attaches_no_options_while_its_thread_removes_them",
            || {
                assert_eq!(attached_by_a_ring(ONE), 0, "the attack worked");
            },
        ),
        everywhere(
            "a_ring_attaches_options_while_its_thread_removes_them_outside",
            || {
                assert!(attached_by_a_ring(&[]) > 0, "the attack failed");
            },
        ),
        behaviour("what_takes_a_capability_fails_alike_without_one", || {
            for set in [&[], ONE] {
                in_child_with(set, || {
                    become_user(1000).expect("a user");
                    let sock = Sock::v4(Proto::Tcp);
                    let error = set_option(sock.as_fd(), IPPROTO_TCP, TCP_REPAIR, 0)
                        .expect_err("permitted");
                    assert_eq!(error.raw_os_error(), Some(EPERM), "in {set:?}");
                });
            }
        }),
    ]);
    tests
}

/// How many of the [`ATTEMPTS`] to attach options with a ring succeed, in a process that is
/// associated with `set` unless that is empty.
fn attached_by_a_ring(set: &[&str]) -> usize {
    let result = Channel::new();
    in_child_with(set, || {
        let attached = (0..ATTEMPTS).filter(|_| attaches_by_a_ring()).count();
        result.send(&attached.to_string());
    });
    result.receive().parse().expect("a number")
}

/// Whether a socket has options after its thread removed them, and the ring attached some in
/// the same thread as that returned from the call.
fn attaches_by_a_ring() -> bool {
    let sock = Sock::v4(Proto::Udp);
    let (ready, starts) = pipe().expect("a pipe");
    let mut ring = Ring::cooperative();
    ring.begin_option_after(&ready, &sock, (IPPROTO_IP, IP_OPTIONS), NO_OPERATION);
    thread::scope(|scope| {
        scope.spawn(|| write(starts.as_fd(), b"x").expect("write"));
        // The ring continues when a call returns: make no other until it has.
        while ring.ended() < 2 {
            let _ = set_option_bytes(sock.as_fd(), IPPROTO_IP, IP_OPTIONS, &[]);
        }
    });
    let _ = ring.finish();
    let _ = ring.finish();
    !option_bytes(sock.as_fd(), IPPROTO_IP, IP_OPTIONS, 64)
        .expect("getsockopt")
        .is_empty()
}
