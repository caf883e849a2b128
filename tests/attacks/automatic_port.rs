// SPDX-License-Identifier: GPL-2.0

//! A socket that was never bound gets a port and a wildcard address when it
//! sends or listens. This wildcard must not stand for more than the set.

use std::fs;

use crate::addr::{Addr, ANY6, HOST4, HOST6};
use crate::registry::Test;
use crate::sock::{Proto, Sock};

use super::witness::Eavesdrop;

/// The only port that the kernel assigns.
const ONLY: u16 = 40000;

pub fn tests() -> Vec<Test> {
    let of_sending = Eavesdrop {
        name: "a_socket_that_got_its_port_by_sending",
        open: || {
            one_port();
            let sock = Sock::v4(Proto::Udp);
            sock.send_to(b"x", ("10.0.0.1", 9)).map(|()| sock)
        },
        speak: || {
            let sock = Sock::serving(Proto::Udp, (HOST4, 5000));
            for to in [HOST4, "10.0.0.2", "127.0.0.1"] {
                let _ = sock.send_to(b"x", (to, ONLY));
            }
        },
    };
    let of_listening = Eavesdrop {
        name: "a_socket_that_got_its_port_by_listening",
        open: || {
            one_port();
            let sock = Sock::v4(Proto::Tcp);
            sock.listen().map(|()| sock)
        },
        speak: || {
            for to in [HOST4, "10.0.0.2", "127.0.0.1"] {
                let sock = Sock::v4(Proto::Tcp);
                // Bound to another port: ONLY is all that the kernel would
                // assign.
                sock.bind((HOST4, 5000)).expect("bind");
                let _ = sock.connect((to, ONLY));
                // Dissolved, so that no TIME_WAIT keeps port 5000 from the next
                // socket.
                let _ = sock.connect(Addr::unspecified(0));
            }
        },
    };
    let of_sending_v6 = Eavesdrop {
        name: "a_v6_socket_that_got_its_port_by_sending",
        open: || {
            one_port();
            let sock = Sock::v6_only(Proto::Udp);
            sock.send_to(b"x", ("2001:db8::1", 9)).map(|()| sock)
        },
        speak: || {
            let sock = Sock::serving(Proto::Udp, (ANY6, 5000));
            for to in [HOST6, "2001:db8::2", "::1"] {
                let _ = sock.send_to(b"x", (to, ONLY));
            }
        },
    };
    // The messages are IPv4 only. Of the IPv6 sockets, only a dual-stack one
    // receives these.
    let of_sending_dual = Eavesdrop {
        name: "a_dual_stack_socket_that_got_its_port_by_sending",
        open: || {
            one_port();
            let sock = Sock::v6(Proto::Udp);
            sock.send_to(b"x", ("2001:db8::1", 9)).map(|()| sock)
        },
        speak: of_sending.speak,
    };
    [of_sending, of_sending_v6, of_sending_dual, of_listening]
        .into_iter()
        .flat_map(Eavesdrop::tests)
        .collect()
}

fn one_port() {
    let range = format!("{ONLY} {ONLY}");
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", range).expect("sysctl");
}
