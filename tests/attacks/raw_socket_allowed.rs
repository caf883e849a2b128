// SPDX-License-Identifier: GPL-2.0

//! A tenant that may have raw sockets uses them for itself. It neither
//! overhears others nor sends in their name.

use std::time::{Duration, Instant};

use libc::{AF_INET, AF_INET6, AF_PACKET, EPERM, IPPROTO_RAW, IPPROTO_UDP, SOCK_RAW};

use super::packets::{
    conversation, deceived, forged, holds_secret, overhear, rapid_talk, udp, victim, FORGED,
};
use super::raw_socket_forges_source::take_headers;
use crate::addr::{Addr, HOST4, HOST6, ONE};
use crate::child::Child;
use crate::client::{associate_with, Assignment};
use crate::registry::{behaviour, everywhere, Test};
use crate::runner::pace;
use crate::sock::Sock;

/// Family, its domain, own address, another's, the host's.
const FAMILIES: [(&str, i32, &str, &str, &str); 2] = [
    ("v4", AF_INET, "10.0.0.1", "10.0.0.2", HOST4),
    ("v6", AF_INET6, "2001:db8::1", "2001:db8::2", HOST6),
];

/// Sources that a server of both families would take for its own loopback, and
/// for an address of the tenant.
const MAPPED: [&str; 2] = ["::ffff:127.0.0.1", "::ffff:10.0.0.1"];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, own, anothers, host) in FAMILIES {
        tests.extend([
            behaviour(
                format!("an_allowed_{family}_raw_socket_sends_from_its_own_address"),
                move || {
                    let victim = victim(host);
                    allowed(|| {
                        let sock = Sock::new(domain, SOCK_RAW, IPPROTO_RAW).expect("allowed");
                        let packet = forged(own, host);
                        sock.send_to(&packet, Addr::from((host, 0))).expect("send");
                    });
                    deceived(&victim, own).expect("the message");
                },
            ),
            behaviour(
                format!("an_allowed_{family}_raw_socket_does_not_forge_a_header"),
                move || {
                    let victim = victim(host);
                    allowed(|| {
                        let sock = Sock::new(domain, SOCK_RAW, IPPROTO_RAW).expect("allowed");
                        let packet = forged(anothers, host);
                        // The call may succeed too: then the check of sent
                        // packets drops the packet.
                        let _ = sock.send_to(&packet, Addr::from((host, 0)));
                    });
                    assert!(!victim.has_input(500), "the forged message arrived");
                },
            ),
            behaviour(
                format!("an_allowed_{family}_raw_socket_that_takes_headers_forges_none"),
                move || {
                    let victim = victim(host);
                    allowed(|| {
                        let sock = taking_headers(domain);
                        // The call may succeed too: then the check of sent
                        // packets drops the packet.
                        let _ = sock.send_to(&forged(anothers, host), Addr::from((host, 0)));
                        let packet = forged(own, host);
                        sock.send_to(&packet, Addr::from((host, 0))).expect("send");
                    });
                    deceived(&victim, own).expect("the second message");
                    assert!(!victim.has_input(500), "the forged message arrived, too");
                },
            ),
            behaviour(
                format!("an_allowed_{family}_raw_socket_is_not_bound_to_anothers_address"),
                move || {
                    let victim = victim(host);
                    allowed(|| {
                        let sock = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("allowed");
                        let errno = sock.bind((anothers, 0)).expect_err("bound");
                        assert_eq!(errno.raw_os_error(), Some(libc::EADDRNOTAVAIL));
                        let _ = sock.send_to(&udp(anothers, host), (host, 0));
                    });
                    if victim.has_input(500) {
                        let (data, from) = victim.receive().expect("receive");
                        assert_eq!((&data[..], from.ip()), (FORGED, crate::addr::ip(own)));
                    }
                },
            ),
            behaviour(
                format!("an_allowed_{family}_raw_socket_does_not_overhear_others"),
                move || {
                    let _talk = conversation(anothers);
                    allowed(|| {
                        let ear = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("allowed");
                        while ear.has_input(500) {
                            let (data, _) = ear.receive().expect("receive");
                            assert!(
                                !holds_secret(&data),
                                "the tenant received another's message"
                            );
                        }
                    });
                },
            ),
            // The kernel lets the socket receive before the hook gives it its scope.
            behaviour(
                format!("an_allowed_{family}_raw_socket_hears_nothing_before_it_is_the_tenants"),
                move || {
                    let _talk = rapid_talk(anothers);
                    allowed(|| {
                        let end = Instant::now() + Duration::from_secs(2) * pace();
                        while Instant::now() < end {
                            let ear = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("allowed");
                            if ear.has_input(0) {
                                let (data, _) = ear.receive().expect("receive");
                                assert!(
                                    !holds_secret(&data),
                                    "the tenant received another's message"
                                );
                            }
                        }
                    });
                },
            ),
            behaviour(
                format!("an_allowed_{family}_raw_socket_hears_what_is_for_its_own"),
                move || {
                    let _talk = conversation(own);
                    allowed(|| {
                        let ear = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("allowed");
                        overhear(&ear).expect("what is for its own address");
                    });
                },
            ),
        ]);
    }
    tests.push(behaviour(
        "an_allowed_v6_raw_socket_does_not_forge_an_ipv4_source",
        || {
            let victim = victim(HOST6);
            allowed(|| {
                let sock = Sock::new(AF_INET6, SOCK_RAW, IPPROTO_RAW).expect("allowed");
                for source in MAPPED {
                    // The call may succeed too: then the check of sent packets drops
                    // the packet.
                    let _ = sock.send_to(&forged(source, HOST6), Addr::from((HOST6, 0)));
                }
            });
            assert!(!victim.has_input(500), "the forged message arrived");
        },
    ));
    tests.push(behaviour("packet_sockets_are_never_allowed", || {
        allowed(|| {
            let made = Sock::new(AF_PACKET, SOCK_RAW, 0);
            assert_eq!(made.expect_err("made").raw_os_error(), Some(EPERM));
        });
    }));
    // What the attacks above do without the module.
    tests.push(everywhere("a_raw_socket_of_a_host_may_all_that", || {
        for (_, domain, _, anothers, host) in FAMILIES {
            let talk = conversation(anothers);
            let ear = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("raw");
            overhear(&ear).expect("the secret");
            drop(talk);
            let victim = victim(host);
            let sock = Sock::new(domain, SOCK_RAW, IPPROTO_RAW).expect("raw");
            let packet = forged(anothers, host);
            sock.send_to(&packet, Addr::from((host, 0))).expect("send");
            deceived(&victim, anothers).expect("the message");
            let sock = taking_headers(domain);
            sock.send_to(&packet, Addr::from((host, 0))).expect("send");
            deceived(&victim, anothers).expect("the message");
        }
        let victim = victim(HOST6);
        let sock = Sock::new(AF_INET6, SOCK_RAW, IPPROTO_RAW).expect("raw");
        for source in MAPPED {
            let packet = forged(source, HOST6);
            sock.send_to(&packet, Addr::from((HOST6, 0))).expect("send");
            deceived(&victim, source).expect("the message");
        }
    }));
    tests
}

/// A raw socket of a protocol, on which whole packets are sent.
fn taking_headers(domain: i32) -> Sock {
    let sock = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("raw");
    take_headers(&sock).expect("setsockopt");
    sock
}

/// Runs `f` in a process that may have raw sockets.
pub(super) fn allowed(f: impl FnOnce()) {
    let run = || {
        let terms = Assignment::ALLOW_RAW;
        associate_with(std::process::id() as i32, ONE, &terms);
        f();
    };
    Child::spawn(run).succeeded();
}
