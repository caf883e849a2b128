// SPDX-License-Identifier: GPL-2.0

//! Broadcasts: a tenant's must not come from another's address, and a tenant
//! must not receive those of others.

use libc::{SOL_SOCKET, SO_BROADCAST};

use crate::addr::{Addr, ANY4, TWO};
use crate::registry::{Attack, Test};
use crate::sock::{Proto, Sock};
use crate::world::configure;

use super::witness::{Eavesdrop, Spoof, PORT};

/// The host's address on a network that has broadcasts, and the broadcast
/// address of that network.
const ON_NETWORK: &str = "10.2.0.9";
const TO_ALL: &str = "10.2.0.255";

pub fn tests() -> Vec<Test> {
    let directed = Spoof {
        name: "a_broadcast_to_a_network",
        proto: Proto::Udp,
        at: "0.0.0.0",
        foreign: ON_NETWORK,
        prepare: |to| broadcasting(TO_ALL, &to),
    };
    let limited = Spoof {
        name: "a_broadcast_to_everybody",
        // The kernel takes the first address of the interface.
        foreign: "10.0.0.1",
        prepare: |to| broadcasting("255.255.255.255", &to),
        ..directed
    };
    let wildcard = Eavesdrop {
        name: "a_wildcard_where_others_broadcast",
        open: || {
            let sock = broadcaster();
            sock.bind((ANY4, PORT)).map(|()| sock)
        },
        speak: || {
            network();
            for to in [TO_ALL, "255.255.255.255"] {
                broadcaster().send_to(b"x", (to, PORT)).expect("send");
            }
        },
    };
    let bound = Eavesdrop {
        name: "a_socket_on_the_broadcast_address",
        open: || {
            network();
            let sock = broadcaster();
            sock.bind((TO_ALL, PORT)).map(|()| sock)
        },
        speak: || {
            broadcaster().send_to(b"x", (TO_ALL, PORT)).expect("send");
        },
    };
    let mut tests = Vec::new();
    tests.extend(directed.tests());
    tests.extend(limited.against(TWO));
    tests.extend(wildcard.tests());
    tests.extend(bound.tests());
    tests
}

fn broadcasting(to: &'static str, witness: &Addr) -> Attack {
    network();
    let (sock, port) = (broadcaster(), witness.port());
    Box::new(move || sock.send_to(b"x", (to, port)))
}

/// A socket that may broadcast, on the interface that has all addresses.
fn broadcaster() -> Sock {
    let sock = Sock::v4(Proto::Udp);
    sock.set(SOL_SOCKET, SO_BROADCAST, 1);
    // An associated process may be refused this; if not, it must not help.
    let _ = sock.bind_to_device("dummy0");
    sock
}

fn network() {
    let script = format!("addr add {ON_NETWORK}/24 brd {TO_ALL} dev dummy0\n");
    configure(&script).expect("ip");
}
