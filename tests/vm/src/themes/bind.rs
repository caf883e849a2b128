// SPDX-License-Identifier: GPL-2.0

//! `bind()` to one address succeeds if it is in the set. Otherwise it fails as on a
//! machine without this address.

use std::net::IpAddr;

use libc::{EADDRNOTAVAIL, IPPROTO_IP, IP_FREEBIND};

use crate::addr::{
    ip, mapped, Addr, ANY4, ANY6, HOST4, HOST6, ONE, PREFIXES, SEVERAL, V4_ONLY, V6_ONLY,
};
use crate::child::{as_tenant, in_child, Channel};
use crate::registry::{behaviour, refusal, Test};
use crate::sock::{Proto, Sock, PROTOS};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        tests.extend(foreign_addresses(proto));
        tests.extend(member_addresses(proto));
    }
    tests.extend([
        foreign(
            "bind_to_an_address_outside_the_prefix_is_refused",
            PREFIXES,
            ip("10.1.0.200"),
        ),
        foreign(
            "bind_outside_a_set_of_several_is_refused",
            SEVERAL,
            ip("10.1.0.1"),
        ),
        foreign("bind_v6_with_a_v4_set_is_refused", V4_ONLY, ip(HOST6)),
        foreign("bind_v4_with_a_v6_set_is_refused", V6_ONLY, ip(HOST4)),
        foreign(
            "bind_mapped_with_a_v6_set_is_refused",
            V6_ONLY,
            mapped(HOST4),
        ),
        foreign("bind_to_v4_multicast_is_refused", ONE, ip("224.0.0.251")),
        foreign("bind_to_broadcast_is_refused", ONE, ip("255.255.255.255")),
        refusal(
            "bind_with_freebind_to_an_address_the_machine_lacks_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let sock = Sock::v4(Proto::Tcp);
                sock.set(IPPROTO_IP, IP_FREEBIND, 1);
                Box::new(move || sock.bind(("203.0.113.1", 80)))
            },
        ),
        refusal(
            "bind_after_a_refused_bind_is_refused_too",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    let first = Sock::v4(Proto::Tcp).bind((HOST4, 80));
                    let second = Sock::v4(Proto::Tcp).bind((HOST4, 81));
                    first.and(second)
                })
            },
        ),
        behaviour("bind_after_a_refused_bind_to_a_member_is_allowed", || {
            as_tenant(ONE, || {
                let sock = Sock::v4(Proto::Tcp);
                sock.bind((HOST4, 80)).expect_err("the address is foreign");
                sock.serve(Proto::Tcp, ("10.0.0.1", 80)).expect("member");
            });
        }),
        behaviour("bind_to_a_member_the_machine_lacks_fails_as_before", || {
            as_tenant(&["203.0.113.1"], || {
                let error = Sock::v4(Proto::Tcp).bind(("203.0.113.1", 80));
                let errno = error
                    .expect_err("the machine lacks the address")
                    .raw_os_error();
                assert_eq!(errno, Some(EADDRNOTAVAIL));
            });
        }),
        behaviour("bind_with_a_malformed_address_fails_as_before", malformed),
    ]);
    tests
}

fn foreign(name: impl Into<String>, set: &'static [&'static str], addr: IpAddr) -> Test {
    foreign_with(Proto::Udp, name, set, addr)
}

fn foreign_with(
    proto: Proto,
    name: impl Into<String>,
    set: &'static [&'static str],
    addr: IpAddr,
) -> Test {
    refusal(name, set, EADDRNOTAVAIL, move || {
        Box::new(move || Sock::for_ip(proto, addr).bind((addr, 8080)))
    })
}

fn foreign_addresses(proto: Proto) -> Vec<Test> {
    [
        ("v4_to_the_hosts_address", ip(HOST4)),
        ("v4_to_another_tenants_address", ip("10.0.0.2")),
        ("v4_to_another_loopback_address", ip("127.64.2.3")),
        ("mapped_to_another_loopback_address", mapped("127.64.2.3")),
        ("v6_to_the_hosts_address", ip(HOST6)),
        ("v6_to_another_tenants_address", ip("2001:db8::2")),
        ("mapped_to_the_hosts_address", mapped(HOST4)),
        ("mapped_to_another_tenants_address", mapped("10.0.0.2")),
    ]
    .into_iter()
    .map(|(what, addr)| {
        let name = format!("bind_{}_{what}_is_refused", proto.name());
        foreign_with(proto, name, ONE, addr)
    })
    .collect()
}

fn member_addresses(proto: Proto) -> Vec<Test> {
    [
        ("v4_to_a_member", ONE, ip("10.0.0.1")),
        ("v6_to_a_member", ONE, ip("2001:db8::1")),
        ("mapped_to_a_member", ONE, mapped("10.0.0.1")),
        ("v4_to_loopback", ONE, ip("127.0.0.1")),
        ("v6_to_loopback", ONE, ip("::1")),
        ("mapped_to_loopback", ONE, mapped("127.0.0.1")),
        ("v6_to_loopback_with_a_v4_set", V4_ONLY, ip("::1")),
        ("v4_to_the_second_of_several", SEVERAL, ip("10.0.0.1")),
        ("v6_to_the_second_of_several", SEVERAL, ip("2001:db8::1")),
        ("v4_to_a_member_of_a_prefix", PREFIXES, ip("10.1.0.2")),
        ("v6_to_a_member_of_a_prefix", PREFIXES, ip("2001:db8:1::2")),
        (
            "mapped_to_a_member_of_a_prefix",
            PREFIXES,
            mapped("10.1.0.2"),
        ),
    ]
    .into_iter()
    .map(|(what, set, addr)| {
        let name = format!("bind_{}_{what}_is_allowed", proto.name());
        behaviour(name, move || {
            as_tenant(set, || {
                let sock = Sock::for_ip(proto, addr);
                sock.serve(proto, (addr, 80)).expect("bind to a member");
                assert_eq!(sock.local().internet(), (addr, 80).into());
                let other = Sock::for_ip(proto, addr);
                other.bind((addr, 0)).expect("bind to any port");
                assert_ne!(other.local().port(), 0);
            });
        })
    })
    .collect()
}

/// A malformed address must give an associated process the same result as an
/// unassociated one.
fn malformed() {
    let outcomes = || {
        let mut outcomes = Vec::new();
        for domain in [libc::AF_INET, libc::AF_INET6] {
            for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM] {
                for (i, addr) in malformed_addresses().into_iter().enumerate() {
                    let sock = Sock::new(domain, kind, 0).expect("a socket");
                    let len = addr.bytes().len();
                    let errno = sock.bind(addr).map_err(|e| e.raw_os_error());
                    outcomes.push(format!("{domain}/{kind} #{i} of {len} bytes: {errno:?}"));
                }
            }
        }
        outcomes
    };
    let channel = Channel::new();
    in_child(|| outcomes().iter().for_each(|o| channel.send(o)));
    as_tenant(ONE, || {
        let mut differences = Vec::new();
        for associated in outcomes() {
            let unassociated = channel.receive();
            if associated != unassociated {
                differences.push(format!(
                    "associated {associated}, unassociated {unassociated}"
                ));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    });
}

fn malformed_addresses() -> Vec<Addr> {
    let member4 = || Addr::from(("10.0.0.1", 80));
    let member6 = || Addr::from(("2001:db8::1", 80));
    let family = |family: i32| {
        let mut bytes = member4().bytes().to_vec();
        bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        Addr::raw(&bytes)
    };
    let mut addrs = vec![
        // Families other than the socket's. The last one is AF_UNSPEC with an address
        // that is not the wildcard.
        family(libc::AF_UNIX),
        family(libc::AF_NETLINK),
        family(0xffff),
        family(libc::AF_UNSPEC),
    ];
    for len in [0, 1, 2, 4, 8, 15, 16, 23, 24, 28, 128] {
        addrs.push(member4().resized(len));
        addrs.push(member6().resized(len));
        addrs.push(Addr::from((ANY4, 0)).resized(len));
        addrs.push(Addr::from((ANY6, 0)).resized(len));
    }
    addrs
}
