// SPDX-License-Identifier: GPL-2.0

//! What a tenant that may have raw sockets could send to interfere with others:
//! fragments, which are reassembled with those of every sender between the same
//! addresses; ICMP errors, which change how the whole machine sends; and a
//! source route.

use std::io;
use std::net::IpAddr;

use libc::{
    AF_INET, AF_INET6, EPERM, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_IGMP, IPPROTO_IP, IPPROTO_RAW,
    IPPROTO_UDP, IP_MTU, SOCK_RAW,
};

use super::packets::{checksum, echo_request, holds_secret, packet, PORT, SECRET};
use super::raw_socket_allowed::allowed;
use crate::addr::{ip, Addr};
use crate::child::{stay, Channel, Child};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};

/// Family, its domain, the loopback address, an address of the tenant.
const FAMILIES: [(&str, i32, &str, &str); 2] = [
    ("v4", AF_INET, "127.0.0.1", "10.0.0.1"),
    ("v6", AF_INET6, "::1", "2001:db8::1"),
];

/// The fragment header of IPv6.
const FRAGMENT: u8 = 44;
/// The identification that the fragments of a datagram share.
const ID: u16 = 0x4242;
/// Bytes in the first fragment.
const FIRST: usize = 24;

/// ICMP: errors, redirects and the discovery of routers.
const V4_ERRORS: [u8; 7] = [3, 4, 5, 9, 10, 11, 12];
/// ICMPv6: errors, memberships, the discovery of routers and neighbours, redirects, and
/// the discovery of multicast routers.
const V6_ERRORS: [u8; 14] = [1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 137, 143, 151];
/// ICMPv6: an echo request.
const V6_ECHO: u8 = 128;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, loopback, own) in FAMILIES {
        tests.extend([
            behaviour(
                format!("an_allowed_{family}_raw_socket_gets_nothing_by_a_fragment"),
                move || {
                    let victim = Completing::new(domain, loopback);
                    allowed(|| assert!(!victim.is_overheard(), "the host was overheard"));
                },
            ),
            everywhere(
                format!("an_unassociated_{family}_fragment_is_completed_by_others"),
                move || {
                    let victim = Completing::new(domain, loopback);
                    assert!(victim.is_overheard(), "the attack failed");
                },
            ),
            behaviour(
                format!("an_allowed_{family}_raw_socket_sends_no_errors"),
                move || {
                    allowed(|| {
                        for to in [loopback, own] {
                            errors(domain, to, |outcome| {
                                let errno = outcome.expect_err("sent").raw_os_error();
                                assert_eq!(errno, Some(EPERM), "to {to}");
                            });
                            echo(domain, to).expect("an echo request");
                        }
                    });
                },
            ),
            everywhere(
                format!("an_unassociated_{family}_raw_socket_sends_errors"),
                move || {
                    errors(domain, loopback, |outcome| outcome.expect("send"));
                    echo(domain, loopback).expect("an echo request");
                },
            ),
        ]);
    }
    tests.extend([
        behaviour(
            "an_allowed_raw_socket_does_not_narrow_the_loopback_of_others",
            || {
                let before = mtu();
                allowed(|| {
                    need_fragments().expect_err("sent");
                });
                assert_eq!(mtu(), before);
            },
        ),
        everywhere(
            "an_unassociated_raw_socket_narrows_the_loopback_of_others",
            || {
                let before = mtu();
                need_fragments().expect("send");
                assert!(mtu() < before, "the attack failed");
            },
        ),
        behaviour("an_allowed_raw_socket_asks_for_no_route", || {
            allowed(|| {
                let errno = by_a_route("10.0.0.1").expect_err("sent").raw_os_error();
                assert_eq!(errno, Some(EPERM));
            });
        }),
        everywhere("an_unassociated_raw_socket_asks_for_a_route", || {
            by_a_route("10.0.0.1").expect("send");
        }),
        behaviour("an_allowed_raw_socket_asks_for_no_memberships", || {
            allowed(|| {
                let errno = query().expect_err("sent").raw_os_error();
                assert_eq!(errno, Some(EPERM));
            });
        }),
        everywhere("an_unassociated_raw_socket_asks_for_memberships", || {
            query().expect("send");
        }),
    ]);
    tests
}

/// A process of the host that sends the last fragment of a datagram when told
/// to, as any sender of a fragmented datagram does.
struct Completing {
    domain: i32,
    loopback: &'static str,
    go: Channel,
    sent: Channel,
    _child: Child,
}

impl Completing {
    fn new(domain: i32, loopback: &'static str) -> Self {
        let (go, sent) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let sock = Sock::new(domain, SOCK_RAW, IPPROTO_RAW).expect("raw");
            go.receive();
            let packet = fragment(loopback, FIRST, SECRET);
            sock.send_to(&packet, (loopback, 0)).expect("send");
            sent.send("");
            stay();
        });
        Self {
            domain,
            loopback,
            go,
            sent,
            _child: child,
        }
    }

    /// Sends the first fragment. Returns whether this process receives the
    /// rest.
    fn is_overheard(&self) -> bool {
        let ear = Sock::new(self.domain, SOCK_RAW, IPPROTO_UDP).expect("raw");
        let sock = Sock::new(self.domain, SOCK_RAW, IPPROTO_RAW).expect("raw");
        let mut beginning = Vec::new();
        for field in [PORT, PORT, (FIRST + SECRET.len()) as u16, 0] {
            beginning.extend(field.to_be_bytes());
        }
        beginning.resize(FIRST, 0);
        let packet = fragment(self.loopback, 0, &beginning);
        // This may fail where it is refused.
        let _ = sock.send_to(&packet, (self.loopback, 0));
        self.go.send("");
        self.sent.receive();
        while ear.has_input(500) {
            if holds_secret(&ear.receive().expect("receive").0) {
                return true;
            }
        }
        false
    }
}

/// A fragment of a datagram from the loopback to itself. The first one says
/// that more follow.
fn fragment(loopback: &str, offset: usize, content: &[u8]) -> Vec<u8> {
    let addr = ip(loopback);
    let more = offset == 0;
    let udp = IPPROTO_UDP as u8;
    match addr {
        IpAddr::V4(_) => {
            let mut packet = packet(addr, addr, udp, content);
            let place = (offset / 8) as u16 | u16::from(more) << 13;
            packet[4..6].copy_from_slice(&ID.to_be_bytes());
            packet[6..8].copy_from_slice(&place.to_be_bytes());
            packet
        }
        IpAddr::V6(_) => {
            let place = offset as u16 | u16::from(more);
            let mut header = vec![udp, 0];
            header.extend(place.to_be_bytes());
            header.extend(u32::from(ID).to_be_bytes());
            header.extend(content);
            packet(addr, addr, FRAGMENT, &header)
        }
    }
}

/// Sends every kind of error to an address, and passes each outcome to `check`.
fn errors(domain: i32, to: &str, check: impl Fn(io::Result<()>)) {
    let (protocol, kinds) = if domain == AF_INET {
        (IPPROTO_ICMP, &V4_ERRORS[..])
    } else {
        (IPPROTO_ICMPV6, &V6_ERRORS[..])
    };
    let sock = Sock::new(domain, SOCK_RAW, protocol).expect("raw");
    for &kind in kinds {
        let mut message = vec![kind, 0];
        message.resize(64, 0);
        check(sock.send_to(&message, (to, 0)));
    }
}

/// Sends an echo request.
fn echo(domain: i32, to: &str) -> io::Result<()> {
    if domain == AF_INET {
        let sock = Sock::new(domain, SOCK_RAW, IPPROTO_ICMP)?;
        return sock.send_to(&echo_request(), (to, 0));
    }
    let sock = Sock::new(domain, SOCK_RAW, IPPROTO_ICMPV6)?;
    sock.send_to(&[V6_ECHO, 0, 0, 0, 0, 1, 0, 1], (to, 0))
}

/// The size of the largest packet that the host sends on its loopback.
fn mtu() -> i32 {
    let sock = Sock::v4(Proto::Udp);
    sock.connect(("127.0.0.1", 9)).expect("connect");
    sock.option(IPPROTO_IP, IP_MTU)
}

/// Sends an error about a packet of this process: the loopback takes no large
/// ones.
fn need_fragments() -> io::Result<()> {
    let loopback = ip("127.0.0.1");
    let sock = Sock::v4(Proto::Udp);
    sock.bind((loopback, PORT))?;
    sock.connect((loopback, 9))?;
    let mut about = Vec::new();
    for field in [PORT, 9, 8, 0] {
        about.extend(field.to_be_bytes());
    }
    let about = packet(loopback, loopback, IPPROTO_UDP as u8, &about);
    // Type, code, checksum, unused, MTU.
    let mut message = vec![3, 4, 0, 0, 0, 0];
    message.extend(600_u16.to_be_bytes());
    message.extend(about);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let raw = Sock::new(AF_INET, SOCK_RAW, IPPROTO_ICMP)?;
    raw.send_to(&message, (loopback, 0))
}

/// Queries the memberships in groups, in the oldest version (RFC 1112), in
/// which the machine answers from then on.
fn query() -> io::Result<()> {
    let mut message = vec![0x11, 0, 0, 0, 0, 0, 0, 0];
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let raw = Sock::new(AF_INET, SOCK_RAW, IPPROTO_IGMP)?;
    raw.send_to(&message, ("127.0.0.1", 0))
}

/// Sends a packet with a source route in a header made by hand.
fn by_a_route(own: &str) -> io::Result<()> {
    let addr = ip(own);
    let mut packet = packet(addr, addr, IPPROTO_UDP as u8, &[0; 8]);
    // LSRR, its length, its pointer, one address; no more options.
    let options = [131, 7, 4, 10, 0, 0, 2, 0];
    packet.splice(20..20, options);
    packet[0] = 0x40 | ((20 + options.len()) / 4) as u8;
    let raw = Sock::new(AF_INET, SOCK_RAW, IPPROTO_RAW)?;
    raw.send_to(&packet, Addr::from((addr, 0)))
}
