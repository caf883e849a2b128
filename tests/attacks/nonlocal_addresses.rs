// SPDX-License-Identifier: GPL-2.0

//! `IP_TRANSPARENT`, `IP_FREEBIND` and the sysctl that permits any address to
//! everybody. With these a source need not be an address of the machine.

use std::fs;
use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, EPERM, IPPROTO_IP, IPPROTO_IPV6};
use libc::{IPV6_FREEBIND, IPV6_TRANSPARENT, IP_FREEBIND, IP_TRANSPARENT};

use crate::addr::{ip, HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::{source_control, Proto, Sock, PROTOS};
use crate::sys::control_message::control_bytes;
use crate::sys::message::send_batch;
use crate::sys::option::set_option;

use super::witness::Spoof;

const NOWHERE4: &str = "203.0.113.1";
const NOWHERE6: &str = "2001:db8:ffff::1";

/// Level, option, and its name in these tests.
const OPTIONS4: [(i32, i32, &str); 2] = [
    (IPPROTO_IP, IP_TRANSPARENT, "transparent"),
    (IPPROTO_IP, IP_FREEBIND, "free"),
];
const OPTIONS6: [(i32, i32, &str); 2] = [
    (IPPROTO_IPV6, IPV6_TRANSPARENT, "transparent"),
    (IPPROTO_IPV6, IPV6_FREEBIND, "free"),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (options, addr, family) in [(OPTIONS4, NOWHERE4, "v4"), (OPTIONS6, NOWHERE6, "v6")] {
        for (level, option, what) in options {
            for proto in PROTOS {
                let name = format!(
                    "bind_of_a_{what}_{family}_{}_socket_to_nowhere_is_refused",
                    proto.name()
                );
                tests.push(refusal(name, ONE, EADDRNOTAVAIL, move || {
                    let sock = Sock::for_ip(proto, ip(addr));
                    sock.set(level, option, 1);
                    Box::new(move || sock.bind((addr, 5000)))
                }));
            }
        }
        let name = format!("bind_{family}_to_nowhere_where_all_may_is_refused");
        tests.push(refusal(name, ONE, EADDRNOTAVAIL, move || {
            for sysctl in ["ipv4/ip_nonlocal_bind", "ipv6/ip_nonlocal_bind"] {
                fs::write(format!("/proc/sys/net/{sysctl}"), "1").expect("sysctl");
            }
            Box::new(move || Sock::for_ip(Proto::Udp, ip(addr)).bind((addr, 5000)))
        }));
        let name = format!("setting_{family}_transparent_is_refused");
        tests.push(refusal(name, ONE, EPERM, move || {
            let sock = Sock::for_ip(Proto::Udp, ip(addr));
            let (level, option, _) = options[0];
            Box::new(move || set_option(sock.as_fd(), level, option, 1))
        }));
    }
    let asking = |name, at, foreign, prepare| Spoof {
        name,
        proto: Proto::Udp,
        at,
        foreign,
        prepare,
    };
    for spoof in [
        asking("a_transparent_message_v4", HOST4, NOWHERE4, |to| {
            let sock = Sock::v4(Proto::Udp);
            sock.set(IPPROTO_IP, IP_TRANSPARENT, 1);
            Box::new(move || sock.send_from(b"x", to, ip(NOWHERE4)))
        }),
        asking("a_transparent_message_v6", HOST6, NOWHERE6, |to| {
            let sock = Sock::v6(Proto::Udp);
            sock.set(IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
            Box::new(move || sock.send_from(b"x", to, ip(NOWHERE6)))
        }),
        asking("a_second_transparent_message", HOST4, NOWHERE4, |to| {
            let sock = Sock::v4(Proto::Udp);
            sock.set(IPPROTO_IP, IP_TRANSPARENT, 1);
            Box::new(move || {
                let control = control_bytes(&source_control(ip(NOWHERE4)));
                let messages = [(to.bytes(), Vec::new()), (to.bytes(), control)];
                send_batch(sock.as_fd(), b"x", &messages, 0).map(drop)
            })
        }),
    ] {
        tests.extend(spoof.tests());
    }
    tests
}
