// SPDX-License-Identifier: GPL-2.0

//! `IPV6_PKTINFO` as an option of a socket names a source and an interface for
//! every message. Linux does not use that source. But it uses the interface,
//! which determines the source that it would choose.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use libc::{AF_INET6, IPPROTO_IPV6, IPV6_PKTINFO};

use super::ping_socket_foreign_source::{ping_socket, request};
use super::wire::Wire;
use super::witness::{sources, spoof, Spoof};
use crate::addr::{ip, ANY6, HOST6, TWO};
use crate::child::{in_child_with, Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{source_control, Proto, Sock};
use crate::sys::device::interface_index;
use crate::sys::option::set_option_bytes;

/// The interface that has all addresses. Which one it prefers is up to the
/// kernel.
const DEVICE: &str = "dummy0";

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        everywhere("a_sticky_source_of_a_host_is_not_used", || {
            let sources = seen_with_sticky(&[]);
            assert!(!sources.is_empty(), "no message arrived");
            assert!(!sources.contains(&ip(HOST6)), "Linux uses it: {sources:?}");
        }),
        behaviour("a_sticky_source_outside_the_set_is_not_used", || {
            assert_eq!(seen_with_sticky(TWO), [ip(TWO[1])]);
        }),
        everywhere(
            "an_echo_request_by_a_sticky_device_works_for_an_unassociated_process",
            || {
                assert!(pings_from(HOST6, &[]), "the attack failed");
            },
        ),
        behaviour(
            "an_echo_request_by_a_sticky_device_comes_from_the_set",
            || {
                assert!(
                    !pings_from(HOST6, TWO),
                    "a request came from the host's address"
                );
                assert!(pings_from(TWO[1], TWO), "no request came from the set");
            },
        ),
    ];
    for spoof in [
        spoof("a_message_by_a_sticky_device", HOST6, HOST6, |to| {
            let sock = Sock::v6(Proto::Udp);
            Box::new(move || {
                stick(&sock, ANY6, DEVICE)?;
                sock.send_to(b"x", to)
            })
        }),
        spoof(
            "a_connected_socket_by_a_sticky_device",
            HOST6,
            HOST6,
            |to| {
                let sock = Sock::v6(Proto::Udp);
                Box::new(move || {
                    stick(&sock, ANY6, DEVICE)?;
                    sock.connect(to)?;
                    sock.send(b"x")
                })
            },
        ),
        Spoof {
            proto: Proto::Tcp,
            ..spoof("a_connection_by_a_sticky_device", HOST6, HOST6, |to| {
                let sock = Sock::v6(Proto::Tcp);
                Box::new(move || {
                    stick(&sock, ANY6, DEVICE)?;
                    sock.connect(to)
                })
            })
        },
    ] {
        tests.extend(spoof.against(TWO));
    }
    tests
}

/// Sets the source and the interface of a socket; no interface if it is empty.
fn stick(sock: &Sock, source: IpAddr, device: &str) -> io::Result<()> {
    let index = match device {
        "" => 0,
        name => interface_index(name)?,
    };
    // struct in6_pktinfo: source, interface
    let (_, _, mut info) = source_control(source);
    info[16..].copy_from_slice(&index.to_ne_bytes());
    set_option_bytes(sock.as_fd(), IPPROTO_IPV6, IPV6_PKTINFO, &info)
}

/// Sends a message on a socket that requests the host's address. Returns the
/// sources that arrive. An empty `set` stands for an unassociated process.
fn seen_with_sticky(set: &[&str]) -> Vec<IpAddr> {
    let witness = Sock::serving(Proto::Udp, ("2001:db8:1::3", 0));
    in_child_with(set, || {
        let sock = Sock::v6(Proto::Udp);
        stick(&sock, ip(HOST6), "").expect("setsockopt");
        sock.send_to(b"x", witness.local()).expect("send");
    });
    sources(Proto::Udp, &witness)
}

/// Whether an echo request to the host, sent on the interface, comes from this
/// address.
fn pings_from(source: &str, set: &[&str]) -> bool {
    let go = Channel::new();
    let child = Child::spawn(|| {
        if !set.is_empty() {
            associate(set);
        }
        go.receive();
        let sock = ping_socket(AF_INET6);
        stick(&sock, ANY6, DEVICE).expect("setsockopt");
        sock.send_to(&request(AF_INET6), (HOST6, 0)).expect("send");
    });
    // Opened only now: a process that inherited it could not be associated.
    let wire = Wire::watched_for(HOST6);
    go.send("");
    child.succeeded();
    let packets = wire.packets();
    packets
        .iter()
        .any(|p| p.is_v6_echo_request() && p.source() == ip(source))
}
