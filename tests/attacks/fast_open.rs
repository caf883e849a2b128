// SPDX-License-Identifier: GPL-2.0

//! TCP Fast Open connects when something is sent, and not in `connect()`. By
//! then the decision made in `connect()` can be outdated.

use std::fs;
use std::net::IpAddr;

use libc::{EACCES, IPPROTO_TCP, TCP_FASTOPEN_CONNECT};

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE};
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock};

use super::witness::Spoof;

pub fn tests() -> Vec<Test> {
    let spoof = |name, at, prepare| Spoof {
        name,
        proto: Proto::Tcp,
        at,
        foreign: at,
        prepare,
    };
    let mut tests: Vec<Test> = [
        spoof("a_deferred_connection_v4", HOST4, |to| {
            deferred(to, ip(HOST4), |_| {})
        }),
        spoof("a_deferred_connection_v6", HOST6, |to| {
            deferred(to, ip(HOST6), |_| {})
        }),
        spoof("a_deferred_connection_mapped", HOST4, |to| {
            deferred(to, mapped(HOST4), |_| {})
        }),
        spoof("a_deferred_connection_asked_for_its_name", HOST4, |to| {
            deferred(to, ip(HOST4), |sock| drop(sock.local()))
        }),
        spoof("a_fast_open_mapped", HOST4, |to| {
            let to = Addr::from((mapped(HOST4), to.port()));
            let sock = Sock::v6(Proto::Tcp);
            Box::new(move || sock.send_fast_open(b"x", to))
        }),
        spoof("a_fast_open_after_a_dissolved_one", HOST4, |to| {
            let sock = Sock::v4(Proto::Tcp);
            Box::new(move || {
                sock.send_fast_open(b"x", to.clone())?;
                sock.connect(Addr::unspecified(0))?;
                sock.send_fast_open(b"x", to)
            })
        }),
    ]
    .into_iter()
    .flat_map(Spoof::tests)
    .collect();
    tests.push(refusal(
        "a_deferred_connection_to_another_loopback_address_is_refused",
        ONE,
        EACCES,
        || {
            let server = Sock::serving(Proto::Tcp, ("127.64.0.77", 0));
            let sock = deferring(ip("127.64.0.77"));
            Box::new(move || sock.connect(server.local()).and_then(|()| sock.send(b"x")))
        },
    ));
    tests
}

/// Connects and, after `between`, sends.
fn deferred(to: Addr, as_written: IpAddr, between: fn(&Sock)) -> Attack {
    let sock = deferring(as_written);
    Box::new(move || {
        sock.connect((as_written, to.port()))?;
        between(&sock);
        sock.send(b"x")
    })
}

/// A socket that connects when it sends.
fn deferring(to: IpAddr) -> Sock {
    without_cookies();
    let sock = Sock::for_ip(Proto::Tcp, to);
    sock.set(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    sock
}

/// Makes clients and servers do without the cookies of an earlier connection.
pub fn without_cookies() {
    fs::write("/proc/sys/net/ipv4/tcp_fastopen", "519").expect("sysctl");
}
