// SPDX-License-Identifier: GPL-2.0

//! The kernel chooses ports on which many other tenants have sockets: by `bind()` with
//! port 0, by `connect()`, and by both with `IP_BIND_ADDRESS_NO_PORT`.

use std::fs;
use std::io;
use std::net::IpAddr;

use libc::{EADDRINUSE, EADDRNOTAVAIL, EAGAIN, IPPROTO_IP};

use crate::addr::{ip, ANY4, ANY6, HOST4, HOST6, ONE, OVERLAPPING, PAIRS, TWO};
use crate::child::{in_child_with, Channel};
use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec, KINDS};
use crate::tenant::Tenant;

use super::ports::outcome;

/// All ports that the kernel chooses from. The crowd has sockets on each.
const PORTS: [u16; 4] = [40000, 40001, 40002, 40003];

/// A port that everybody connects to.
const SERVICE: u16 = 9;

/// `include/uapi/linux/in.h`.
const IP_BIND_ADDRESS_NO_PORT: i32 = 24;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            let name = |what: &str| format!("{}_{}_{what}_in_a_crowd", proto.name(), kind.name());
            tests.extend([
                behaviour(
                    name("port_0_finds_ports_that_only_others_have"),
                    move || {
                        let _crowd = few_ports();
                        found_by_bind(proto, Spec::wildcard(proto, kind, 0));
                    },
                ),
                behaviour(name("connections_get_ports_that_only_others_have"), {
                    move || {
                        let _crowd = few_ports();
                        found_by_connect(proto, kind);
                    }
                }),
            ]);
        }
        tests.push(behaviour(
            format!(
                "{}_port_0_finds_a_port_on_an_address_in_a_crowd",
                proto.name()
            ),
            move || {
                let _crowd = few_ports();
                for addr in ["10.1.0.1", "2001:db8:1::1", "127.0.0.1", "::1"] {
                    found_by_bind(proto, Spec::at(proto, addr, 0));
                }
            },
        ));
    }
    for (family, nr) in [("v4", 0), ("v6", 1)] {
        tests.push(behaviour(
            format!("a_{family}_port_chosen_by_connect_is_in_the_way_in_a_crowd"),
            move || {
                let _crowd = few_ports();
                chosen_is_taken(nr);
            },
        ));
        tests.push(behaviour(
            format!("own_{family}_wildcards_are_in_the_way_of_connect_in_a_crowd"),
            move || {
                let _crowd = few_ports();
                let _server = service(nr);
                in_child_with(ONE, || {
                    let any = [ANY4, ANY6][nr];
                    let bound: Vec<_> = PORTS[..3]
                        .iter()
                        .map(|p| Sock::serving(Proto::Tcp, (any, *p)))
                        .collect();
                    let only = connection(Proto::Tcp, nr, None).expect("the port that is left");
                    assert_eq!(only.local().port(), PORTS[3]);
                    let none = connection(Proto::Tcp, nr, None).expect_err("no port is left");
                    assert_eq!(none.raw_os_error(), Some(EADDRNOTAVAIL));
                    drop(bound);
                });
            },
        ));
    }
    tests
}

fn few_ports() -> Crowd {
    let range = format!("{} {}", PORTS[0], PORTS[3]);
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", range).expect("sysctl");
    Crowd::on(&PORTS)
}

/// A tenant finds all ports, as does one without a common address, and the host where it
/// does not overlap. One that overlaps finds none.
fn found_by_bind(proto: Proto, spec: Spec) {
    let private = spec.addr.is_loopback();
    let (one, same) = (Tenant::new(PAIRS[0]), Tenant::new(OVERLAPPING));
    let two = Tenant::new(PAIRS[1]);
    let fill = |who: &Tenant, spec: Spec, count: usize| {
        for nr in 0..=PORTS.len() {
            let opened = outcome(who.open("all", spec));
            let expected = if nr < count { Ok(()) } else { Err(EADDRINUSE) };
            assert_eq!(opened, expected, "{proto:?} {spec:?}, socket {nr}");
        }
    };
    fill(&one, spec, PORTS.len());
    fill(&same, spec, if private { PORTS.len() } else { 0 });
    let elsewhere = match spec.addr.to_string().as_str() {
        "10.1.0.1" => Spec::at(proto, "10.1.0.2", 0),
        "2001:db8:1::1" => Spec::at(proto, "2001:db8:1::2", 0),
        _ => spec,
    };
    fill(&two, elsewhere, PORTS.len());
    let of_host = match spec.kind {
        Kind::V4 => HOST4,
        Kind::V6Only | Kind::Dual => HOST6,
    };
    let host = Tenant::host();
    fill(&host, Spec::at(proto, of_host, 0), PORTS.len());
    host.close("all");
    if spec.addr.is_unspecified() {
        fill(&host, spec, 0);
    }
    for who in [&one, &same, &two, &host] {
        who.close("all");
    }
}

fn host(nr: usize) -> IpAddr {
    ip([HOST4, HOST6][nr])
}

fn service(nr: usize) -> Sock {
    Sock::serving(Proto::Tcp, (host(nr), SERVICE))
}

/// Connects to the service. `first`: binds to an address before, without a port.
fn connection(proto: Proto, nr: usize, first: Option<IpAddr>) -> io::Result<Sock> {
    let sock = Sock::for_ip(proto, host(nr));
    if let Some(addr) = first {
        sock.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        sock.bind((addr, 0))?;
    }
    sock.connect((host(nr), SERVICE)).map(|()| sock)
}

/// Each of two tenants, and the host, has one connection from each port, however it binds
/// before, and no more.
fn found_by_connect(proto: Proto, kind: Kind) {
    let families = match kind {
        Kind::V4 => vec![0],
        Kind::V6Only => vec![1],
        Kind::Dual => vec![0, 1],
    };
    for nr in families {
        let _server = (proto == Proto::Tcp).then(|| service(nr));
        let own = [ONE, TWO].map(|set| ip(set[nr]));
        for (set, own) in [(ONE, own[0]), (TWO, own[1]), (&[][..], host(nr))] {
            for first in [None, Some([ANY4, ANY6][nr]), Some(own)] {
                // UDP has no such option: it chooses the port at once.
                if proto == Proto::Udp && first.is_some() {
                    continue;
                }
                in_child_with(set, || {
                    let all = PORTS.map(|_| connection(proto, nr, first).expect("a port"));
                    let mut ports = all.each_ref().map(|sock| sock.local().port());
                    ports.sort_unstable();
                    assert_eq!(ports, PORTS);
                    let more = connection(proto, nr, first).expect_err("no port is left");
                    let errno = more.raw_os_error();
                    let full = [EADDRNOTAVAIL, EADDRINUSE, EAGAIN].map(Some);
                    assert!(full.contains(&errno), "{more}");
                    // The peer has the last word, so no port stays busy here.
                    all.iter().for_each(|sock| {
                        if proto == Proto::Tcp {
                            let linger = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
                            let set = crate::sys::option::set_option_bytes;
                            let fd = std::os::fd::AsFd::as_fd(sock);
                            set(fd, libc::SOL_SOCKET, libc::SO_LINGER, &linger).expect("linger");
                        }
                    });
                });
            }
        }
    }
}

/// `bind()` finds the sockets of connections.
fn chosen_is_taken(nr: usize) {
    let _server = service(nr);
    let host = Tenant::host();
    let sets = [&["10.1.0.1", "2001:db8:1::1"][..], TWO];
    let [same, other] = sets.map(Tenant::new);
    let (ready, done) = (Channel::new(), Channel::new());
    let own = ["10.1.0.1", "2001:db8:1::1"][nr];
    let holder = crate::child::spawn_tenant(&PAIRS[0][1..], || {
        // The only address of this family, for IPv4; asked for, for IPv6.
        let connection = connection(Proto::Tcp, nr, Some(ip(own))).expect("a port");
        let port = connection.local().port();
        assert_eq!(connection.local().ip(), ip(own));
        ready.send(&port.to_string());
        done.receive();
        for spec in [
            Spec::wildcard(Proto::Tcp, Kind::Dual, port),
            Spec::at(Proto::Tcp, own, port),
        ] {
            assert_eq!(outcome(spec.open().map(drop)), Err(EADDRINUSE), "{spec:?}");
        }
        Spec::at(Proto::Tcp, "127.0.0.1", port)
            .open()
            .expect("another address");
    });
    let port = ready.receive().parse().expect("a port");
    let wildcard = Spec::wildcard(Proto::Tcp, Kind::Dual, port);
    let there = Spec::at(Proto::Tcp, own, port);
    for (who, spec, expected) in [
        (&same, wildcard, Err(EADDRINUSE)),
        (&same, there, Err(EADDRINUSE)),
        (&host, there, Err(EADDRINUSE)),
        (&host, wildcard, Err(EADDRINUSE)),
        (&other, wildcard, Ok(())),
        (&host, Spec::at(Proto::Tcp, HOST4, port), Ok(())),
        (&host, Spec::at(Proto::Tcp, "127.0.0.1", port), Ok(())),
    ] {
        assert_eq!(outcome(who.open("it", spec)), expected, "{spec:?}");
        who.close("it");
    }
    done.send("");
    holder.succeeded();
}
