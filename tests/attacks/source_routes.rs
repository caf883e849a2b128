// SPDX-License-Identifier: GPL-2.0

//! IPv4 options and IPv6 extension headers that lead a packet elsewhere than
//! its destination says, as an option of the socket or of one message.

use std::os::fd::AsFd;

use libc::{EPERM, IPPROTO_IP, IPPROTO_IPV6, IP_OPTIONS, IP_RETOPTS};
use libc::{IPV6_DSTOPTS, IPV6_HOPOPTS, IPV6_RTHDR, IPV6_RTHDRDSTOPTS};

use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::socket::{sendmsg, set_option_bytes};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, host, level, option, content) in [
        ("a_loose_route", HOST4, IPPROTO_IP, IP_OPTIONS, route4(131)),
        ("a_strict_route", HOST4, IPPROTO_IP, IP_OPTIONS, route4(137)),
        (
            "a_routing_header",
            HOST6,
            IPPROTO_IPV6,
            IPV6_RTHDR,
            route6(),
        ),
        ("hop_options", HOST6, IPPROTO_IPV6, IPV6_HOPOPTS, padding()),
        (
            "destination_options",
            HOST6,
            IPPROTO_IPV6,
            IPV6_DSTOPTS,
            padding(),
        ),
        (
            "options_for_routers",
            HOST6,
            IPPROTO_IPV6,
            IPV6_RTHDRDSTOPTS,
            padding(),
        ),
    ] {
        let for_socket = content.clone();
        tests.push(refusal(
            format!("{what}_for_a_socket_is_refused"),
            ONE,
            EPERM,
            move || {
                let sock = Sock::for_ip(Proto::Udp, ip(host));
                let content = for_socket.clone();
                Box::new(move || set_option_bytes(sock.as_fd(), level, option, &content))
            },
        ));
        // The kernel takes no segments from a message.
        if option == IPV6_RTHDR {
            continue;
        }
        // In a message the IPv4 one has another name.
        let kind = if option == IP_OPTIONS {
            IP_RETOPTS
        } else {
            option
        };
        tests.push(refusal(
            format!("{what}_for_a_message_is_refused"),
            ONE,
            EPERM,
            move || {
                let sock = Sock::for_ip(Proto::Udp, ip(host));
                let control = (level, kind, content.clone());
                let to = Addr::from((host, 5000));
                Box::new(move || sendmsg(sock.as_fd(), b"x", to.bytes(), &control).map(drop))
            },
        ));
    }
    tests
}

/// A route by another tenant's address.
fn route4(kind: u8) -> Vec<u8> {
    // Kind, length, where the next hop is; the hop; end of options.
    vec![kind, 7, 4, 10, 0, 0, 2, 0]
}

/// A segment routing header whose only segment is the destination.
fn route6() -> Vec<u8> {
    // Next header, length, type, segments left; last entry, flags, tag.
    let mut header = vec![0, 2, 4, 0, 0, 0, 0, 0];
    header.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    header
}

/// A header of options that holds nothing.
fn padding() -> Vec<u8> {
    // Next header, length; PadN of four bytes.
    vec![0, 0, 1, 4, 0, 0, 0, 0]
}
