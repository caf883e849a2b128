// SPDX-License-Identifier: GPL-2.0

//! `SO_BINDTODEVICE` and `IP_UNICAST_IF` select the device of a socket. The
//! device determines the source that the kernel chooses and the packets that
//! the socket receives.

use std::io;
use std::os::fd::AsFd;

use libc::{IPPROTO_IP, IPPROTO_IPV6, IPV6_UNICAST_IF, IP_UNICAST_IF};

use crate::addr::{ANY4, ANY6, HOST4, HOST6, TWO};
use crate::registry::Test;
use crate::sock::{Proto, Sock};
use crate::sys::device::interface_index;
use crate::sys::option::set_option_bytes;

use super::witness::{spoof, Eavesdrop, PORT};

/// The device on which all IPv4 packets for addresses of this host arrive.
const LOOPBACK: &str = "lo";

/// The source that the kernel chooses on the loopback interface.
const FIRST: &str = "10.0.0.1";

pub fn tests() -> Vec<Test> {
    let overhear = |name, open| Eavesdrop {
        name,
        open,
        speak: || {
            for to in [HOST4, "10.0.0.2", "127.0.0.1"] {
                let _ = Sock::v4(Proto::Udp).send_to(b"x", (to, PORT));
            }
            let _ = Sock::v6(Proto::Udp).send_to(b"x", (HOST6, PORT));
        },
    };
    let mut tests = Vec::new();
    for spoof in [
        spoof("a_message_by_a_device_v4", HOST4, FIRST, |to| {
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || on_device(sock, LOOPBACK)?.send_to(b"x", to))
        }),
        spoof("a_message_by_a_device_v6", HOST6, HOST6, |to| {
            let sock = Sock::v6(Proto::Udp);
            Box::new(move || on_device(sock, "dummy0")?.send_to(b"x", to))
        }),
        spoof("a_message_by_a_preferred_device_v4", HOST4, FIRST, |to| {
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || {
                // Unlike other options, this one takes the index in big-endian.
                let index = interface_index("lo")?.to_be_bytes();
                set_option_bytes(sock.as_fd(), IPPROTO_IP, IP_UNICAST_IF, &index)?;
                sock.send_to(b"x", to)
            })
        }),
        spoof("a_message_by_a_preferred_device_v6", HOST6, HOST6, |to| {
            let sock = Sock::v6(Proto::Udp);
            Box::new(move || {
                let index = interface_index("dummy0")?.to_be_bytes();
                set_option_bytes(sock.as_fd(), IPPROTO_IPV6, IPV6_UNICAST_IF, &index)?;
                sock.send_to(b"x", to)
            })
        }),
    ] {
        tests.extend(spoof.against(TWO));
    }
    for eavesdrop in [
        overhear("a_wildcard_on_a_device", || {
            let sock = on_device(Sock::v4(Proto::Udp), LOOPBACK)?;
            sock.bind((ANY4, PORT)).map(|()| sock)
        }),
        overhear("a_dual_stack_wildcard_on_a_device", || {
            let sock = on_device(Sock::v6(Proto::Udp), LOOPBACK)?;
            sock.bind((ANY6, PORT)).map(|()| sock)
        }),
    ] {
        tests.extend(eavesdrop.tests());
    }
    tests
}

fn on_device(sock: Sock, name: &str) -> io::Result<Sock> {
    sock.bind_to_device(name).map(|()| sock)
}
