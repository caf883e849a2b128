// SPDX-License-Identifier: GPL-2.0

//! Socket addresses that are short, long or misaligned. A hook must check the
//! address that the kernel then uses, and fail as the kernel does.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use libc::{EACCES, EADDRNOTAVAIL};

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE};
use crate::child::{as_tenant, in_child, Channel};
use crate::registry::{behaviour, refusal, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::message::sendto;
use crate::sys::socket::bind;

/// Longer than any address; and the shortest that IPv6 takes, without a scope.
const LONG: usize = 128;
const SHORT_V6: usize = 24;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, addr, len) in [
        ("long_v4", ip(HOST4), LONG),
        ("long_v6", ip(HOST6), LONG),
        ("long_mapped", mapped(HOST4), LONG),
        ("short_v6", ip(HOST6), SHORT_V6),
        ("short_mapped", mapped(HOST4), SHORT_V6),
    ] {
        let name = format!("bind_to_a_{what}_address_outside_the_set_is_refused");
        tests.push(refusal(name, ONE, EADDRNOTAVAIL, move || {
            let bytes = Addr::from((addr, 5000)).resized(len);
            Box::new(move || Sock::for_ip(Proto::Udp, addr).bind(bytes))
        }));
    }
    for (what, addr, len) in [
        ("long_v4", ip("127.64.0.77"), LONG),
        ("long_mapped", mapped("127.64.0.77"), LONG),
        ("short_mapped", mapped("127.64.0.77"), SHORT_V6),
    ] {
        for proto in PROTOS {
            let name = format!(
                "connect_{}_to_a_{what}_loopback_address_is_refused",
                proto.name()
            );
            tests.push(refusal(name, ONE, EACCES, move || {
                let server = Sock::serving(proto, (addr, 0));
                let sock = Sock::for_ip(proto, addr);
                Box::new(move || sock.connect(server.local().resized(len)))
            }));
        }
        let name = format!("sendto_a_{what}_loopback_address_is_refused");
        tests.push(refusal(name, ONE, EACCES, move || {
            let server = Sock::serving(Proto::Udp, (addr, 0));
            let sock = Sock::for_ip(Proto::Udp, addr);
            Box::new(move || sock.send_to(b"x", server.local().resized(len)))
        }));
    }
    for by in 1..4 {
        let name = |what: &str| format!("{what}_by_{by}_bytes_is_refused");
        tests.extend([
            refusal(name("bind_misaligned"), ONE, EADDRNOTAVAIL, move || {
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || {
                    let room = shifted(&(HOST4, 5000).into(), by);
                    bind(sock.as_fd(), &room[by..])
                })
            }),
            refusal(name("sendto_misaligned"), ONE, EACCES, move || {
                let server = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || {
                    let room = shifted(&server.local(), by);
                    sendto(sock.as_fd(), b"x", 0, &room[by..]).map(drop)
                })
            }),
        ]);
    }
    tests.push(behaviour(
        "connect_and_sendto_with_a_malformed_address_fail_where_they_did",
        malformed,
    ));
    tests
}

fn shifted(addr: &Addr, by: usize) -> Vec<u8> {
    [&vec![0; by][..], addr.bytes()].concat()
}

/// An address that makes no sense to the kernel must make none to the rules: an
/// associated process gets the same outcome as an unassociated one.
fn malformed() {
    let channel = Channel::new();
    in_child(|| outcomes().iter().for_each(|o| channel.send(o)));
    as_tenant(ONE, || {
        for associated in outcomes() {
            assert_eq!(
                associated,
                channel.receive(),
                "associated (left) and unassociated (right)"
            );
        }
    });
}

/// The outcomes of connecting and of sending to each address.
fn outcomes() -> Vec<String> {
    let mut outcomes = Vec::new();
    for domain in [libc::AF_INET, libc::AF_INET6] {
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM] {
            for addr in odd_addresses() {
                let sock = || Sock::new(domain, kind, 0).expect("a socket");
                let errno = |result: io::Result<()>| result.map_err(|e| e.raw_os_error());
                let connected = errno(sock().connect(addr.clone()));
                let sent = errno(sock().send_to(b"x", addr.clone()));
                outcomes.push(format!("{domain}/{kind} {addr:?}: {connected:?} {sent:?}"));
            }
        }
    }
    outcomes
}

/// Variants of the host's addresses, with a port where nobody listens.
fn odd_addresses() -> Vec<Addr> {
    let to = |ip: IpAddr| Addr::from((ip, 9));
    let family = |family: u16| {
        let mut bytes = to(ip(HOST4)).bytes().to_vec();
        bytes[..2].copy_from_slice(&family.to_ne_bytes());
        Addr::raw(&bytes)
    };
    let mut addrs = vec![family(1), family(16), family(0xffff), family(0)];
    for len in [0, 1, 2, 4, 8, 15, 16, 23, 24, 28, 128] {
        addrs.push(to(ip(HOST4)).resized(len));
        addrs.push(to(ip(HOST6)).resized(len));
        addrs.push(to(mapped(HOST4)).resized(len));
    }
    addrs
}
