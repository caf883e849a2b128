// SPDX-License-Identifier: GPL-2.0

//! The address of the set from which a socket without an address sends. Nothing makes
//! it send from an address outside the set.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::process::Command;

use addrconf_abi::{SourceChoice, Terms};
use libc::{EADDRNOTAVAIL, EPERM};

use crate::addr::{ip, mapped, Addr, ANY4, ANY6, HOST4, HOST6, ONE, PAIRS};
use crate::child::{as_tenant, Channel, Child};
use crate::client::{associate_with, errno, Assignment};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::server::source_seen;
use crate::sock::{source_control, Proto, Sock, PROTOS};
use crate::sys::message::send_twice;
use crate::sys::option::set_option_bytes;
use crate::sys::watch::poll_readable;

/// A set with addresses on two interfaces. The first of each family is the primary one,
/// and the second is on an interface of its own.
const SPREAD: &[&str] = &["10.0.0.1", "10.5.0.1", "2001:db8::1", "2001:db8:5::1"];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = |what: &str| format!("{}_source_{what}", proto.name());
        tests.extend([
            behaviour(name("is_what_the_route_prefers_if_a_member"), move || {
                routes();
                with_choice(SourceChoice::Route, PAIRS[0], || {
                    for (to, from) in [
                        ("192.0.2.1", "10.1.0.1"),
                        ("2001:db8:a::1", "2001:db8:1::1"),
                    ] {
                        assert_eq!(chosen(to), ip(from), "to {to}");
                    }
                });
            }),
            behaviour(name("is_a_member_on_the_interface_otherwise"), move || {
                routes();
                with_choice(SourceChoice::Route, SPREAD, || {
                    for (to, from) in [
                        ("198.51.100.1", "10.5.0.1"),
                        ("2001:db8:b::1", "2001:db8:5::1"),
                    ] {
                        assert_eq!(chosen(to), ip(from), "to {to}");
                    }
                });
            }),
            behaviour(name("is_the_primary_address_otherwise"), move || {
                routes();
                with_choice(SourceChoice::Route, &["2001:db8::1", "10.0.0.1"], || {
                    for (to, from) in [
                        ("198.51.100.1", "10.0.0.1"),
                        ("2001:db8:b::1", "2001:db8::1"),
                    ] {
                        assert_eq!(chosen(to), ip(from), "to {to}");
                    }
                });
            }),
            behaviour(name("is_the_primary_address_when_asked_for"), move || {
                routes();
                with_choice(SourceChoice::Primary, SPREAD, || {
                    for (to, from) in [
                        ("192.0.2.1", "10.0.0.1"),
                        ("198.51.100.1", "10.0.0.1"),
                        ("2001:db8:b::1", "2001:db8::1"),
                    ] {
                        assert_eq!(chosen(to), ip(from), "to {to}");
                    }
                });
            }),
            behaviour(name("is_any_member_when_asked_for"), move || {
                with_choice(SourceChoice::Random, PAIRS[0], || {
                    for (to, members) in [(HOST4, &PAIRS[0][..2]), (HOST6, &PAIRS[0][2..])] {
                        let seen: Vec<IpAddr> = (0..40).map(|_| chosen(to)).collect();
                        for member in members.iter().map(|a| ip(a)) {
                            assert!(seen.contains(&member), "never {member}: {seen:?}");
                        }
                        assert!(seen.iter().all(|a| members.iter().any(|m| ip(m) == *a)));
                    }
                });
            }),
            behaviour(name("towards_a_member_is_that_member"), move || {
                for member in PAIRS[0] {
                    let seen = source_seen(proto, member, PAIRS[0], |to| {
                        let sock = Sock::for_ip(proto, to.ip());
                        sock.connect(to).expect("connect");
                        sock.send(b"x").expect("send");
                    });
                    assert_eq!(seen.ip(), ip(member));
                }
            }),
        ]);
    }
    tests.extend(control_messages());
    tests.extend([
        behaviour("a_wildcard_socket_that_sends_stays_a_wildcard", || {
            as_tenant(PAIRS[0], || {
                let sock = Sock::v6(Proto::Udp);
                sock.bind((ANY6, 5000)).expect("bind");
                sock.send_to(b"x", (HOST6, 9)).expect("send");
                sock.send_to(b"x", (mapped(HOST4), 9)).expect("send");
                assert_eq!(sock.local().internet(), (ANY6, 5000).into());
                for addr in PAIRS[0] {
                    let other = Sock::for_ip(Proto::Udp, ip(addr));
                    other.send_to(b"hello", (*addr, 5000)).expect("send");
                    let (data, from) = sock.receive().expect("receive");
                    assert_eq!(
                        (data, from.ip().to_canonical()),
                        (b"hello".to_vec(), ip(addr))
                    );
                }
            });
        }),
        behaviour(
            "one_socket_sends_to_each_destination_from_its_own_source",
            || {
                let servers = [HOST4, "10.1.0.2"].map(|a| Sock::serving(Proto::Udp, (a, 5000)));
                let six = Sock::serving(Proto::Udp, (HOST6, 5000));
                as_tenant(ONE, || {
                    let sock = Sock::v6(Proto::Udp);
                    for _ in 0..2 {
                        sock.send_to(b"x", (HOST6, 5000)).expect("send");
                        sock.send_to(b"x", (mapped(HOST4), 5000)).expect("send");
                        sock.send_to(b"x", (mapped("10.1.0.2"), 5000))
                            .expect("send");
                    }
                });
                for _ in 0..2 {
                    for server in &servers {
                        assert_eq!(server.receive().expect("receive").1.ip(), ip("10.0.0.1"));
                    }
                    assert_eq!(six.receive().expect("receive").1.ip(), ip("2001:db8::1"));
                }
            },
        ),
        everywhere(
            "broadcasts_and_groups_without_a_route_are_unreachable",
            nowhere,
        ),
        behaviour("so_they_are_in_an_association", || as_tenant(ONE, nowhere)),
        behaviour("ping_sockets_come_from_the_set", || {
            std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").expect("sysctl");
            as_tenant(ONE, || {
                for addr in [HOST4, HOST6, "127.0.0.1", "::1", "10.0.0.1"] {
                    let status = Command::new("ping")
                        .args(["-c", "1", "-W", "5", addr])
                        .stdout(std::process::Stdio::null())
                        .status();
                    assert!(status.expect("ping").success(), "{addr}");
                }
            });
        }),
    ]);
    tests
}

/// Sends where the kernel takes the interface of the source, if there is one, in place of a route.
fn nowhere() {
    for to in ["255.255.255.255", "224.0.0.251"] {
        let sock = Sock::v4(Proto::Udp);
        sock.set(libc::SOL_SOCKET, libc::SO_BROADCAST, 1);
        for _ in 0..2 {
            let sent = sock.send_to(b"x", (to, 5000));
            assert_eq!(errno(sent), libc::ENETUNREACH, "{to}");
        }
        let connected = Sock::v4(Proto::Udp).connect((to, 5000));
        assert_eq!(errno(connected), libc::ENETUNREACH, "{to}");
        sock.bind_to_device("dummy0").expect("bind to a device");
        sock.send_to(b"x", (to, 5000)).expect("send");
    }
    let sock = Sock::v4(Proto::Udp);
    let interface = Ipv4Addr::new(10, 0, 0, 1).octets();
    let level = libc::IPPROTO_IP;
    set_option_bytes(sock.as_fd(), level, libc::IP_MULTICAST_IF, &interface).expect("interface");
    sock.send_to(b"x", ("224.0.0.251", 5000)).expect("send");
}

/// Adds a second interface, and routes to networks behind both.
fn routes() {
    let script = "link add dummy1 type dummy\nlink set dummy1 up\n\
        addr add 10.5.0.9/24 dev dummy1\naddr add 10.5.0.1/24 dev dummy1\n\
        addr add 2001:db8:5::9/64 dev dummy1 nodad\naddr add 2001:db8:5::1/64 dev dummy1 nodad\n\
        route add 192.0.2.0/24 dev dummy0 src 10.1.0.1\n\
        route add 2001:db8:a::/64 dev dummy0 src 2001:db8:1::1\n\
        route add 198.51.100.0/24 dev dummy1 src 10.5.0.9\n\
        route add 2001:db8:b::/64 dev dummy1 src 2001:db8:5::9\n";
    crate::world::configure(script).expect("ip");
}

fn with_choice(source: SourceChoice, set: &[&str], f: impl FnOnce()) {
    let terms = Assignment::on(Terms {
        source,
        ..Terms::DEFAULT
    });
    Child::spawn(|| {
        associate_with(std::process::id() as i32, set, &terms);
        f();
    })
    .succeeded();
}

/// The source that a UDP socket gets when it connects.
fn chosen(to: &str) -> IpAddr {
    let sock = Sock::for_ip(Proto::Udp, ip(to));
    sock.connect((to, 9)).expect("connect");
    sock.local().ip()
}

/// Tests of sources that control messages ask for.
fn control_messages() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, any, to, foreign, member) in [
        ("v4", ANY4, ip(HOST4), ip(HOST4), ip("10.1.0.1")),
        (
            "v4_another_tenants",
            ANY4,
            ip(HOST4),
            ip("10.0.0.2"),
            ip("10.0.0.1"),
        ),
        ("v6", ANY6, ip(HOST6), ip(HOST6), ip("2001:db8:1::1")),
        (
            "v6_another_tenants",
            ANY6,
            ip(HOST6),
            ip("2001:db8::2"),
            ip("2001:db8::1"),
        ),
        (
            "mapped",
            ANY6,
            mapped(HOST4),
            mapped(HOST4),
            mapped("10.1.0.1"),
        ),
    ] {
        let set = PAIRS[0];
        tests.extend([
            refusal(
                format!("a_message_from_{what}_outside_the_set_is_refused"),
                set,
                EADDRNOTAVAIL,
                move || {
                    let sock = Sock::for_ip(Proto::Udp, any);
                    Box::new(move || sock.send_from(b"x", (to, 5000), foreign))
                },
            ),
            refusal(
                format!("a_second_message_from_{what}_outside_the_set_is_dropped"),
                set,
                EPERM,
                move || {
                    // The kernel does not call the hook for the second of several
                    // messages to one destination.
                    let seen = Channel::new();
                    let server = Child::spawn(|| {
                        let server = Sock::serving(Proto::Udp, (to.to_canonical(), 5000));
                        seen.send("ready");
                        loop {
                            let (_, from) = server.receive().expect("receive");
                            seen.send(&from.ip().to_string());
                        }
                    });
                    assert_eq!(seen.receive(), "ready");
                    let sock = Sock::for_ip(Proto::Udp, any);
                    Box::new(move || {
                        let to = Addr::from((to, 5000));
                        let control = source_control(foreign);
                        send_twice(sock.as_fd(), b"x", to.bytes(), &control)?;
                        let mut arrived = false;
                        while let [true] = poll_readable([seen.reader()], 300)? {
                            arrived |= seen.receive() == foreign.to_canonical().to_string();
                        }
                        drop(server);
                        if arrived {
                            Ok(())
                        } else {
                            Err(io::Error::from_raw_os_error(EPERM))
                        }
                    })
                },
            ),
            behaviour(format!("a_message_from_{what}_member_is_sent"), move || {
                let server = Sock::serving(Proto::Udp, (to.to_canonical(), 5000));
                as_tenant(set, || {
                    let sock = Sock::for_ip(Proto::Udp, any);
                    sock.send_from(b"x", (to, 5000), member).expect("send");
                });
                let (_, from) = server.receive().expect("receive");
                assert_eq!(from.ip(), member.to_canonical());
            }),
        ]);
    }
    tests
}
