// SPDX-License-Identifier: GPL-2.0

//! Datagrams for many sockets at once, and sockets that have a peer, on a port where many
//! other tenants have sockets.

use std::fs;
use std::os::fd::AsFd;

use libc::{IPPROTO_IP, IPPROTO_IPV6, IP_MULTICAST_IF, SOL_SOCKET, SO_BROADCAST, SO_REUSEADDR};

use crate::addr::{ip, Addr, ANY6, HOST4, HOST6, ONE, PAIRS, TWO};
use crate::child::{Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto::Udp, Sock};
use crate::spec::{Kind, Spec, KINDS};
use crate::sys::option::set_option_bytes;
use crate::world::configure;

use super::scope_udp::{member_of_group, GROUP};

/// A port of multicast.
const MDNS: u16 = 5353;

/// A group of IPv6, and what `struct ipv6_mreq` has of it.
const GROUP6: &str = "ff05::fb";

/// `include/uapi/linux/in6.h`.
const IPV6_MULTICAST_IF: i32 = 17;

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        behaviour("broadcasts_reach_who_has_the_address_in_a_crowd", || {
            network();
            let _crowd = Crowd::on(&[80]);
            let terms = Assignment::EXCLUSIVE;
            let all = [
                Listener::start(Kind::V4, Some(&["10.2.0.0/24"]), &terms, false),
                Listener::start(Kind::V4, Some(ONE), &terms, false),
                Listener::start(Kind::Dual, Some(TWO), &terms, true),
                Listener::start(Kind::V4, None, &terms, false),
            ];
            broadcast();
            let heard = all.map(Listener::heard);
            assert_eq!(heard, [true, false, false, false]);
        }),
        behaviour(
            "broadcasts_reach_all_sockets_of_an_owner_in_a_crowd",
            || {
                network();
                let _crowd = Crowd::on(&[80]);
                let (go, told) = (Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    let sockets = || [Kind::V4, Kind::Dual].map(|kind| shared(kind, 80));
                    let before = sockets();
                    associate_with(
                        std::process::id() as i32,
                        &["10.2.0.255", "2001:db8::1"],
                        &Assignment::EXCLUSIVE,
                    );
                    let after = sockets();
                    told.send("");
                    go.receive();
                    for sock in before.iter().chain(&after) {
                        assert!(sock.has_input(10_000), "a socket heard nothing");
                    }
                });
                told.receive();
                let stranger = Listener::start(Kind::V4, Some(TWO), &Assignment::DEFAULT, false);
                broadcast();
                go.send("");
                child.succeeded();
                assert!(!stranger.heard());
            },
        ),
        behaviour("broadcasts_reach_the_host_in_a_crowd", || {
            network();
            let _crowd = Crowd::on(&[80]);
            let terms = Assignment::EXCLUSIVE;
            let all = [
                Listener::start(Kind::V4, Some(ONE), &terms, false),
                Listener::start(Kind::V4, Some(TWO), &terms, true),
                Listener::start(Kind::Dual, None, &terms, false),
            ];
            broadcast();
            assert_eq!(all.map(Listener::heard), [false, false, true]);
        }),
        behaviour("multicasts_reach_the_host_and_no_tenant_in_a_crowd", || {
            let _crowd = Crowd::on(&[MDNS]);
            multicast(member_of_group, || {
                let sender = Sock::v4(Udp);
                let interface = i32::from_ne_bytes([10, 0, 0, 1]);
                sender.set(IPPROTO_IP, IP_MULTICAST_IF, interface);
                sender.send_to(b"hello", (GROUP, MDNS)).expect("send");
            });
        }),
        behaviour(
            "v6_multicasts_reach_the_host_and_no_tenant_in_a_crowd",
            || {
                let _crowd = Crowd::on(&[MDNS]);
                multicast(member_of_group6, || {
                    let sender = Sock::v6_only(Udp);
                    sender.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, interface());
                    sender.send_to(b"hello", (GROUP6, MDNS)).expect("send");
                });
            },
        ),
    ];
    for kind in KINDS {
        tests.push(behaviour(
            format!("a_{}_wildcard_with_a_peer_hears_it_in_a_crowd", kind.name()),
            move || {
                let _crowd = Crowd::on(&[80]);
                hears_its_peer(kind);
            },
        ));
    }
    tests
}

/// A process with a wildcard socket.
struct Listener {
    child: Child,
    go: Channel,
    told: Channel,
}

impl Listener {
    /// `before`: it has the socket before its association.
    fn start(kind: Kind, set: Option<&[&str]>, terms: &Assignment, before: bool) -> Self {
        let (ready, go, told) = (Channel::new(), Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let early = before.then(|| shared(kind, 80));
            if let Some(set) = set {
                associate_with(std::process::id() as i32, set, terms);
            }
            let sock = early.unwrap_or_else(|| shared(kind, 80));
            ready.send("");
            go.receive();
            told.send(if sock.has_input(1000) { "yes" } else { "no" });
        });
        ready.receive();
        Self { child, go, told }
    }

    /// Whether anything came.
    fn heard(self) -> bool {
        self.go.send("");
        let heard = self.told.receive() == "yes";
        self.child.succeeded();
        heard
    }
}

/// A wildcard socket that shares its port with others of the same owner.
fn shared(kind: Kind, port: u16) -> Sock {
    let sock = kind.socket(Udp);
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    sock.bind((kind.any(), port)).expect("bind");
    sock
}

/// Adds a network that has broadcasts.
fn network() {
    let script = "addr add 10.2.0.9/24 brd 10.2.0.255 dev dummy0\n";
    configure(script).expect("ip");
}

fn broadcast() {
    let sender = Sock::v4(Udp);
    sender.set(SOL_SOCKET, SO_BROADCAST, 1);
    sender.send_to(b"x", ("10.2.0.255", 80)).expect("send");
}

/// A process that is a member since before its association hears nothing, and the host does.
fn multicast(join: fn() -> Sock, send: fn()) {
    let (ready, go) = (Channel::new(), Channel::new());
    let tenant = Child::spawn(|| {
        let sock = join();
        associate_with(std::process::id() as i32, ONE, &Assignment::EXCLUSIVE);
        ready.send("");
        go.receive();
        assert!(!sock.has_input(500), "the tenant received multicast");
    });
    ready.receive();
    let members = [join(), join()];
    send();
    for member in &members {
        assert_eq!(member.receive().expect("receive").0, b"hello");
    }
    go.send("");
    tenant.succeeded();
}

fn member_of_group6() -> Sock {
    let sock = Sock::v6_only(Udp);
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    sock.bind((ANY6, MDNS)).expect("bind");
    // struct ipv6_mreq: group, number of the interface
    let mut request = vec![0; 16];
    request[..2].copy_from_slice(&[0xff, 0x05]);
    request[15] = 0xfb;
    request.extend(interface().to_ne_bytes());
    let joined = set_option_bytes(
        sock.as_fd(),
        IPPROTO_IPV6,
        libc::IPV6_ADD_MEMBERSHIP,
        &request,
    );
    joined.expect("join");
    sock
}

/// The number of the interface that has the addresses.
fn interface() -> i32 {
    let table = fs::read_to_string("/proc/thread-self/net/if_inet6").expect("addresses");
    let line = table
        .lines()
        .find(|line| line.starts_with("20010db8000000000000000000000001"))
        .expect("the address of tenant 1");
    let number = line.split_whitespace().nth(1).expect("a number");
    i32::from_str_radix(number, 16).expect("a number")
}

/// A wildcard socket is connected, hears its peer and nobody else, and is a wildcard again.
fn hears_its_peer(kind: Kind) {
    let (host, own) = match kind {
        Kind::V4 => (HOST4, ["10.0.0.1", "10.1.0.1"]),
        Kind::V6Only | Kind::Dual => (HOST6, ["2001:db8::1", "2001:db8:1::1"]),
    };
    let [peer, stranger] = [5000, 5001].map(|port| Sock::serving(Udp, (host, port)));
    let (ready, go) = (Channel::new(), Channel::new());
    let tenant = crate::child::spawn_tenant(PAIRS[0], || {
        let sock = Spec::wildcard(Udp, kind, 80).open().expect("wildcard");
        for _ in 0..2 {
            sock.connect((host, 5000)).expect("connect");
            assert_eq!(sock.local().ip(), ip(own[0]));
            ready.send("");
            assert_eq!(sock.receive().expect("receive").0, b"yes");
            sock.connect(Addr::unspecified(0)).expect("dissolve");
            assert!(sock.local().ip().is_unspecified());
            ready.send("");
            assert_eq!(sock.receive().expect("receive").0, b"now");
            go.receive();
        }
    });
    for _ in 0..2 {
        ready.receive();
        for to in own {
            // No socket takes it, and the next call reports the ICMP error.
            stranger.send_to(b"no", (to, 80)).expect("send");
            let _ = stranger.option(SOL_SOCKET, libc::SO_ERROR);
        }
        peer.send_to(b"yes", (own[0], 80)).expect("send");
        ready.receive();
        stranger.send_to(b"now", (own[1], 80)).expect("send");
        go.send("");
    }
    tenant.succeeded();
}
