// SPDX-License-Identifier: GPL-2.0

//! Sockets that are not, or no longer, what they were when they got their port: they move
//! between the kernel's tables. On a port where many other tenants have sockets they are in
//! the way of the same sockets as on a port of the host's own, and of no other tenant's.

use std::fs;
use std::io;
use std::net::IpAddr;

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE, PAIRS, PREFIXES};
use crate::child::{as_tenant, eventually, Channel, Child};
use crate::client::narrow;
use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Proto::Tcp, Proto::Udp, Sock};
use crate::spec::{Kind, Reuse, Spec, KINDS, REUSES};
use crate::tenant::Tenant;

use super::ports::outcome;

/// Brings a socket into some state.
type Bring = fn(&Spec, IpAddr) -> Vec<Sock>;

/// The ports where the crowd is, one for each option with which a port is shared, and how
/// far from them the host's are. Those of the second round are others, as connections of
/// the first keep theirs for a while.
const CROWDED: [[u16; 3]; 2] = [[80, 81, 82], [90, 91, 92]];
const EMPTY: u16 = 1000;

/// A service of the host that takes connections, and a port where none is.
const SERVICE: u16 = 9;
const CLOSED: u16 = 10;

pub fn tests() -> Vec<Test> {
    let states: [(&str, Proto, Bring); 8] = [
        ("a_connection_that_waits", Tcp, |spec, at| {
            let (listener, connection, client) = accepted(spec, at);
            // The server closes first, so its side is in TIME_WAIT.
            drop((listener, connection));
            drop(client);
            eventually("a connection in TIME_WAIT", || waits(spec.port));
            vec![]
        }),
        ("an_accepted_connection", Tcp, |spec, at| {
            let (listener, connection, client) = accepted(spec, at);
            drop(listener);
            vec![connection, client]
        }),
        ("a_listener_with_a_connection", Tcp, |spec, at| {
            let (listener, connection, client) = accepted(spec, at);
            vec![listener, connection, client]
        }),
        ("a_connection_that_failed", Tcp, |spec, at| {
            let sock = bound(spec);
            let failed = sock.connect(to(spec.kind, at, CLOSED));
            let errno = failed.expect_err("nobody is there").raw_os_error();
            assert_eq!(errno, Some(libc::ECONNREFUSED));
            vec![sock]
        }),
        ("a_connected_socket", Tcp, connected),
        ("a_dissolved_connection", Tcp, dissolved),
        ("a_connected_socket", Udp, connected),
        ("a_dissolved_connection", Udp, dissolved),
    ];
    let mut tests = Vec::new();
    for (what, proto, bring) in states {
        for kind in KINDS {
            let name = |who: &str| {
                let (proto, kind) = (proto.name(), kind.name());
                format!("{what}_of_a_{proto}_{kind}_wildcard_{who}_is_in_the_way_in_a_crowd")
            };
            tests.extend([
                behaviour(name("of_a_tenant"), move || {
                    as_of_the_host(proto, kind, bring, false);
                }),
                behaviour(name("of_a_part"), move || {
                    as_of_the_host(proto, kind, bring, true);
                }),
            ]);
        }
    }
    for kind in KINDS {
        tests.push(behaviour(
            format!(
                "a_{}_wildcard_that_was_connected_serves_in_a_crowd",
                kind.name()
            ),
            move || {
                let _crowd = Crowd::on(&[80]);
                serves_after(kind);
            },
        ));
    }
    tests
}

/// A destination, as sockets of this kind take it. The host and the tenant have the same
/// source there.
fn to(kind: Kind, at: IpAddr, port: u16) -> Addr {
    match (kind, at.is_ipv4()) {
        (Kind::Dual, true) => (mapped(ONE[0]), port).into(),
        (_, true) => (ONE[0], port).into(),
        (_, false) => (ONE[1], port).into(),
    }
}

fn bound(spec: &Spec) -> Sock {
    let sock = spec.kind.socket(spec.proto);
    match spec.reuse {
        Reuse::None => {}
        Reuse::Addr => sock.set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1),
        Reuse::Port => sock.set(libc::SOL_SOCKET, libc::SO_REUSEPORT, 1),
    }
    sock.bind((spec.addr, spec.port)).expect("bind");
    sock
}

/// A listener, a connection at `at` that it accepted, and the client.
fn accepted(spec: &Spec, at: IpAddr) -> (Sock, Sock, Sock) {
    let listener = spec.open().expect("a listener");
    let client = Sock::for_ip(Tcp, at);
    client.connect((at, spec.port)).expect("connect");
    let (connection, _) = listener.accept().expect("accept");
    (listener, connection, client)
}

fn connected(spec: &Spec, at: IpAddr) -> Vec<Sock> {
    let sock = bound(spec);
    sock.connect(to(spec.kind, at, SERVICE)).expect("connect");
    vec![sock]
}

fn dissolved(spec: &Spec, at: IpAddr) -> Vec<Sock> {
    let all = connected(spec, at);
    all[0].connect(Addr::unspecified(0)).expect("dissolve");
    all
}

/// Whether a connection on this port is in TIME_WAIT.
fn waits(port: u16) -> bool {
    let port = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        let table = fs::read_to_string(table).expect("connections");
        table.lines().any(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields[1].ends_with(&port) && fields[3] == "06"
        })
    })
}

/// What becomes of many sockets on a port, beside one with this option. They share the port
/// by `SO_REUSEPORT` only if it does: one that may then makes the kernel forget about others
/// that do not.
fn outcomes(proto: Proto, port: u16, beside: Reuse) -> Vec<(Spec, Result<(), i32>)> {
    let addrs = ["10.0.0.1", "10.1.0.1", "2001:db8::1", "127.0.0.1", "::1"];
    let wildcards = KINDS.map(|kind| Spec::wildcard(proto, kind, port));
    let specific = addrs.map(|addr| Spec::at(proto, addr, port));
    let all = wildcards.into_iter().chain(specific);
    all.flat_map(|spec| REUSES.map(|reuse| spec.sharing(reuse)))
        .filter(|spec| spec.reuse != Reuse::Port || beside == Reuse::Port)
        .map(|spec| (spec, outcome(spec.open().map(drop))))
        .collect()
}

fn services() -> Vec<Sock> {
    ONE.iter()
        .map(|addr| Sock::serving(Tcp, (*addr, SERVICE)))
        .collect()
}

/// A process brings sockets into this state on a crowded port, and one of the host on an
/// empty one. Both then get the same results.
fn as_of_the_host(proto: Proto, kind: Kind, bring: Bring, part: bool) {
    let _services = services();
    let at = match kind {
        Kind::V4 => ["10.0.0.1", "127.0.0.1"],
        Kind::V6Only => ["2001:db8::1", "::1"],
        Kind::Dual => ["10.0.0.1", "::1"],
    };
    for (addr, ports) in at.into_iter().zip(CROWDED) {
        let _crowd = Crowd::on(&ports);
        let (go, told) = (Channel::new(), Channel::new());
        let other = Tenant::new(PAIRS[1]);
        let set = [PAIRS[0], PREFIXES].concat();
        let run = |port: u16| {
            let mut results = Vec::new();
            let mut kept = Vec::new();
            for (nr, reuse) in REUSES.into_iter().enumerate() {
                let spec = Spec::wildcard(proto, kind, port + nr as u16).sharing(reuse);
                kept.push(bring(&spec, ip(addr)));
                let found = outcomes(proto, spec.port, reuse);
                results.extend(
                    found
                        .into_iter()
                        .map(|(spec, it)| (format!("{:?}", Spec { port: 0, ..spec }), it)),
                );
            }
            (results, kept)
        };
        let expected = run(ports[0] + EMPTY).0;
        let child = Child::spawn(|| {
            let work = || {
                let (results, kept) = run(ports[0]);
                for (got, expected) in results.iter().zip(&expected) {
                    assert_eq!(got, expected, "here and elsewhere, beside one at {addr}");
                }
                told.send("");
                go.receive();
                drop(kept);
            };
            if part {
                as_tenant(&set, || {
                    narrow(PAIRS[0], "").expect("narrow");
                    work();
                });
            } else {
                as_tenant(PAIRS[0], work);
            }
        });
        told.receive();
        for port in ports {
            for kind in KINDS {
                for reuse in REUSES {
                    let spec = Spec::wildcard(proto, kind, port).sharing(reuse);
                    assert_eq!(outcome(other.open("other", spec)), Ok(()), "{spec:?}");
                    other.close("other");
                }
            }
        }
        go.send("");
        child.succeeded();
    }
}

/// A socket that was connected and dissolved is a wildcard again, and is found.
fn serves_after(kind: Kind) {
    let _services = services();
    let (ready, go) = (Channel::new(), Channel::new());
    // Linux does not forget an IPv6 peer: the socket still hears this address only. And a
    // packet comes from the address that it is sent to.
    let takes = |proto, addr: &str| match proto {
        Udp if ip(addr).is_ipv6() => kind != Kind::V4 && addr == ONE[1],
        _ => kind.takes(ip(addr)),
    };
    let child = Child::spawn(|| {
        as_tenant(PAIRS[0], || {
            // After a mapped address, a listener of Linux does not take IPv6 any more.
            let at = if kind == Kind::V4 { HOST4 } else { HOST6 };
            let answer = |sock: &Sock, proto| -> io::Result<()> {
                match proto {
                    Tcp => sock.accept().and_then(|(client, _)| client.send(b"me")),
                    Udp => {
                        let (_, from, to) = sock.receive_with_destination()?;
                        sock.send_from(b"me", from, to)
                    }
                }
            };
            for proto in [Tcp, Udp] {
                for _ in 0..2 {
                    // Connections of the first round are in TIME_WAIT.
                    let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Addr);
                    let sock = dissolved(&spec, ip(at)).remove(0);
                    sock.want_destinations();
                    if proto == Tcp {
                        sock.listen().expect("listen");
                    }
                    ready.send("");
                    for _ in PAIRS[0].iter().filter(|a| takes(proto, a)) {
                        answer(&sock, proto).expect("a client");
                    }
                    go.receive();
                }
            }
        });
    });
    for proto in [Tcp, Udp] {
        for round in 0..2 {
            ready.receive();
            for addr in PAIRS[0] {
                if takes(proto, addr) {
                    let word = ask(proto, (*addr, 80));
                    let word = word.unwrap_or_else(|e| panic!("{proto:?}, {round}, {addr}: {e}"));
                    assert_eq!(word, "me");
                } else if !kind.takes(ip(addr)) {
                    nobody_answers(proto, (*addr, 80));
                }
            }
            nobody_answers(proto, (PAIRS[1][0], 80));
            go.send("");
        }
    }
    child.succeeded();
}
