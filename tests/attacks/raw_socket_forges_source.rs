// SPDX-License-Identifier: GPL-2.0

//! A raw socket sends IP headers that the program wrote, with any source.

use std::io;
use std::os::fd::AsFd;

use libc::{
    AF_INET, AF_INET6, EPERM, IPPROTO_ICMP, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_RAW, IPPROTO_UDP,
    IPV6_HDRINCL, IP_HDRINCL, SOCK_RAW,
};

use super::packets::{deceived, echo_request, forged, udp, victim};
use crate::addr::{Addr, HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::Sock;
use crate::sys::option::set_option;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, source, to) in [
        ("v4", AF_INET, "10.0.0.2", HOST4),
        ("v6", AF_INET6, "2001:db8::2", HOST6),
    ] {
        tests.extend([
            refusal(
                format!("a_{family}_header_with_anothers_source_cannot_be_sent"),
                ONE,
                EPERM,
                move || {
                    let victim = victim(to);
                    Box::new(move || {
                        let sock = Sock::new(domain, SOCK_RAW, IPPROTO_RAW)?;
                        send_forged(&sock, source, to)?;
                        deceived(&victim, source)
                    })
                },
            ),
            refusal(
                format!("a_{family}_header_cannot_be_sent_on_a_socket_opened_before"),
                ONE,
                EPERM,
                move || {
                    let victim = victim(to);
                    let sock = Sock::new(domain, SOCK_RAW, IPPROTO_RAW).expect("a raw socket");
                    Box::new(move || {
                        send_forged(&sock, source, to)?;
                        deceived(&victim, source)
                    })
                },
            ),
            refusal(
                format!("a_{family}_raw_socket_opened_before_does_not_take_to_headers"),
                ONE,
                EPERM,
                move || {
                    let victim = victim(to);
                    let sock = Sock::new(domain, SOCK_RAW, IPPROTO_UDP).expect("a raw socket");
                    Box::new(move || {
                        take_headers(&sock)?;
                        send_forged(&sock, source, to)?;
                        deceived(&victim, source)
                    })
                },
            ),
            refusal(
                format!("a_{family}_raw_socket_cannot_be_bound_to_anothers_address"),
                ONE,
                EPERM,
                move || {
                    let victim = victim(to);
                    Box::new(move || {
                        let sock = Sock::new(domain, SOCK_RAW, IPPROTO_UDP)?;
                        sock.bind((source, 0))?;
                        sock.send_to(&udp(source, to), (to, 0))?;
                        deceived(&victim, source)
                    })
                },
            ),
        ]);
    }
    tests.push(refusal(
        "an_echo_request_with_anothers_source_cannot_be_sent",
        ONE,
        EPERM,
        || {
            Box::new(|| {
                let sock = Sock::new(AF_INET, SOCK_RAW, IPPROTO_ICMP)?;
                sock.bind(("10.0.0.2", 0))?;
                sock.send_to(&echo_request(), (HOST4, 0))?;
                // The answer goes to the source that the request names.
                loop {
                    let (packet, from) = sock.receive()?;
                    if packet[20] == 0 {
                        assert_eq!(from.ip(), crate::addr::ip(HOST4));
                        return Ok(());
                    }
                }
            })
        },
    ));
    tests
}

/// Makes a raw socket of any protocol take what is sent for whole packets.
pub fn take_headers(sock: &Sock) -> io::Result<()> {
    let (level, name) = match sock.local().family() {
        AF_INET => (IPPROTO_IP, IP_HDRINCL),
        _ => (IPPROTO_IPV6, IPV6_HDRINCL),
    };
    set_option(sock.as_fd(), level, name, 1)
}

fn send_forged(sock: &Sock, source: &str, to: &str) -> io::Result<()> {
    sock.send_to(&forged(source, to), Addr::from((to, 0)))
}
