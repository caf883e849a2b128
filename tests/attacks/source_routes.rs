// SPDX-License-Identifier: GPL-2.0

//! IPv4 options and IPv6 extension headers that lead a packet elsewhere than
//! its destination says, set for a socket or for one message.

use std::io;
use std::net::Ipv6Addr;
use std::os::fd::AsFd;

use libc::{EPERM, IPPROTO_IP, IPPROTO_IPV6, IP_OPTIONS, IP_RETOPTS};
use libc::{
    IPV6_DSTOPTS, IPV6_FLOWINFO_SEND, IPV6_FLOWLABEL_MGR, IPV6_HOPOPTS, IPV6_RTHDR,
    IPV6_RTHDRDSTOPTS,
};

use super::wire::{Packet, Wire};
use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::child::{as_tenant, Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::control_message::Control;
use crate::sys::message::{send_twice, sendmsg, sendto};
use crate::sys::option::{set_option, set_option_bytes};

/// Something that a message requests with a control message, and how to
/// recognise it in a packet.
struct Second {
    what: &'static str,
    host: &'static str,
    control: fn() -> Control,
    seen: fn(&Packet) -> bool,
}

const SECONDS: [Second; 4] = [
    Second {
        what: "a_loose_route",
        host: HOST4,
        control: || (IPPROTO_IP, IP_RETOPTS, route4(131)),
        seen: |packet| packet.options().contains(&131),
    },
    Second {
        what: "a_strict_route",
        host: "10.0.0.2",
        control: || (IPPROTO_IP, IP_RETOPTS, route4(137)),
        seen: |packet| packet.options().contains(&137),
    },
    Second {
        what: "hop_options",
        host: HOST6,
        control: || (IPPROTO_IPV6, IPV6_HOPOPTS, padding()),
        seen: |packet| packet.protocol() == 0,
    },
    Second {
        what: "destination_options",
        host: HOST6,
        control: || (IPPROTO_IPV6, IPV6_DSTOPTS, padding()),
        seen: |packet| packet.protocol() == 60,
    },
];

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
        // The kernel takes no segments from a control message.
        if option == IPV6_RTHDR {
            continue;
        }
        // In a control message the IPv4 option has another name.
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
    tests.push(refusal(
        "a_datagram_with_a_flow_label_that_has_headers_is_refused",
        ONE,
        EPERM,
        || {
            let sock = Sock::v6(Proto::Udp);
            Box::new(move || send_labelled(&sock, &headers()))
        },
    ));
    tests.push(behaviour(
        "flow_labels_without_headers_are_left_alone",
        || {
            as_tenant(ONE, || {
                send_labelled(&Sock::v6(Proto::Udp), &[]).expect("send");
            });
        },
    ));
    for second in &SECONDS {
        let name = |does: &str| format!("{}_for_a_second_message_{does}", second.what);
        tests.extend([
            behaviour(name("does_not_leave"), move || {
                assert!(!second.leaves(ONE), "a packet with it left");
            }),
            everywhere(name("leaves_for_an_unassociated_process"), move || {
                assert!(second.leaves(&[]), "the attack failed");
            }),
        ]);
    }
    tests
}

impl Second {
    /// Whether a packet with it leaves when the second of two messages requests
    /// it, and the first requests nothing. The process is associated with `set`
    /// unless that is empty.
    fn leaves(&self, set: &[&str]) -> bool {
        let go = Channel::new();
        let child = Child::spawn(|| {
            if !set.is_empty() {
                associate(set);
            }
            go.receive();
            let sock = Sock::for_ip(Proto::Udp, ip(self.host));
            let to = Addr::from((self.host, 5000));
            let _ = send_twice(sock.as_fd(), b"x", to.bytes(), &(self.control)());
        });
        // Opened only now: a process with a packet socket cannot be associated.
        let wire = Wire::watched_for(self.host);
        go.send("");
        child.succeeded();
        let packets = wire.packets();
        assert!(!packets.is_empty(), "not even the first message left");
        packets.iter().any(self.seen)
    }
}

/// The label, in network byte order.
const LABEL: [u8; 4] = [0, 1, 0x23, 0x45];

/// Takes a flow label with these headers, and sends a datagram with it.
fn send_labelled(sock: &Sock, headers: &[u8]) -> io::Result<()> {
    const CREATE: u16 = 1;
    const EXCLUSIVE: u8 = 1;
    // struct in6_flowlabel_req: destination, label, action, share, flags, expiry, linger, padding.
    let mut request = ip(HOST6).to_string().parse::<Ipv6Addr>().map_or_else(
        |_| panic!("{HOST6} is no address"),
        |addr| addr.octets().to_vec(),
    );
    request.extend(LABEL);
    request.extend([0, EXCLUSIVE]);
    request.extend(CREATE.to_ne_bytes());
    request.extend([0; 8]);
    request.extend(headers);
    set_option_bytes(sock.as_fd(), IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request)?;
    set_option(sock.as_fd(), IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1)?;
    let mut to = Addr::from((HOST6, 5000)).bytes().to_vec();
    // sin6_flowinfo
    to[4..8].copy_from_slice(&LABEL);
    sendto(sock.as_fd(), b"x", 0, &to).map(drop)
}

/// A control message with a header of options.
fn headers() -> Vec<u8> {
    let content = padding();
    // struct cmsghdr: length, level, type.
    let mut message = (16 + content.len()).to_ne_bytes().to_vec();
    message.extend(IPPROTO_IPV6.to_ne_bytes());
    message.extend(IPV6_HOPOPTS.to_ne_bytes());
    message.extend(content);
    message
}

/// A route through another tenant's address.
fn route4(kind: u8) -> Vec<u8> {
    // Kind, length, pointer; the hop; end of options.
    vec![kind, 7, 4, 10, 0, 0, 2, 0]
}

/// A segment routing header whose only segment is the destination.
fn route6() -> Vec<u8> {
    // Next header, length, type, segments left; last entry, flags, tag.
    let mut header = vec![0, 2, 4, 0, 0, 0, 0, 0];
    header.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    header
}

/// A header of options that holds padding only.
fn padding() -> Vec<u8> {
    // Next header, length; PadN of four bytes.
    vec![0, 0, 1, 4, 0, 0, 0, 0]
}
