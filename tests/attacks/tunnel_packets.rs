// SPDX-License-Identifier: GPL-2.0

//! Packets that their receiver unpacks or obeys: of tunnels, whose inner packet
//! may have any source, and of routing daemons. A tenant that may have raw
//! sockets could send them to the machine itself.

use std::io;

use libc::{AF_INET, AF_INET6, EPERM, SOCK_RAW};

use super::raw_socket_allowed::allowed;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::Sock;

/// IPIP, IPv6, RSVP, GRE, ESP, AH, EIGRP, OSPF, EtherIP, PIM, IPComp, VRRP, L2TP, IS-IS,
/// MPLS, Ethernet.
const OBEYED: [i32; 16] = [
    4, 41, 46, 47, 50, 51, 88, 89, 97, 103, 108, 112, 115, 124, 137, 143,
];
/// A number for experiments (RFC 3692), which nobody obeys.
const OTHER: i32 = 253;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("an_allowed_raw_socket_sends_no_tunnel_packets", || {
            allowed(|| {
                for (domain, to) in [(AF_INET, "127.0.0.1"), (AF_INET6, "::1")] {
                    for protocol in OBEYED {
                        let refused = send(domain, protocol, to).expect_err("sent");
                        assert_eq!(refused.raw_os_error(), Some(EPERM), "{protocol} to {to}");
                    }
                    send(domain, OTHER, to).expect("another protocol");
                }
            });
        }),
        everywhere("an_unassociated_raw_socket_sends_tunnel_packets", || {
            for (domain, to) in [(AF_INET, "127.0.0.1"), (AF_INET6, "::1")] {
                for protocol in OBEYED {
                    send(domain, protocol, to).expect("send");
                }
            }
        }),
    ]
}

fn send(domain: i32, protocol: i32, to: &str) -> io::Result<()> {
    let sock = Sock::new(domain, SOCK_RAW, protocol)?;
    sock.send_to(&[0; 32], (to, 0))
}
