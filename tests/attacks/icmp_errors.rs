// SPDX-License-Identifier: GPL-2.0

//! An ICMP error names two ports, and over loopback everybody has the same
//! addresses. An error must not inform one tenant of the messages of another.

use std::io;
use std::os::fd::AsFd;

use libc::{IPPROTO_IP, IP_RECVERR, SOL_SOCKET, SO_REUSEADDR};

use crate::registry::Test;
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option;

use super::witness::{Eavesdrop, PORT};

/// A port that nobody is bound to.
const NOBODY: u16 = 9;

pub fn tests() -> Vec<Test> {
    [
        Eavesdrop {
            name: "a_connection_with_the_ports_of_another_on_loopback",
            open: || on_ports(Sock::v4(Proto::Udp), ("127.0.0.1", PORT)),
            speak: || speak(Sock::v4(Proto::Udp), "127.0.0.1"),
        },
        Eavesdrop {
            name: "a_connection_with_the_ports_of_another_on_v6_loopback",
            open: || on_ports(Sock::v6(Proto::Udp), ("::1", PORT)),
            speak: || speak(Sock::v6(Proto::Udp), "::1"),
        },
    ]
    .into_iter()
    .flat_map(Eavesdrop::tests)
    .collect()
}

/// The attacker's socket, with the same ports as the victim's.
fn on_ports(sock: Sock, at: (&str, u16)) -> io::Result<Sock> {
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(sock.as_fd(), IPPROTO_IP, IP_RECVERR, 1)?;
    sock.bind(at)?;
    sock.connect((at.0, NOBODY)).map(|()| sock)
}

/// Sends to a port where nobody is. The only answer is an ICMP error.
fn speak(sock: Sock, at: &str) {
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    sock.bind((at, PORT)).expect("bind");
    let _ = sock.send_to(b"x", (at, NOBODY));
}
