// SPDX-License-Identifier: GPL-2.0

//! `connect()` passes over every port that any socket is bound to, at whatever
//! address. A tenant that binds them all must keep nobody else from connecting.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT};

use crate::addr::{ip, ANY4, ANY6, HOST4, HOST6, ONE, TWO};
use crate::child::{in_child_with, Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::socket::listen;

/// All ports that `connect()` chooses from. Their number is even:
/// `__inet_hash_connect()` passes over the first or the last of an odd number.
const PORTS: std::ops::RangeInclusive<u16> = 40000..=40199;

/// The port everybody connects to.
const SERVICE: u16 = 9;

/// How the ports are bound.
#[derive(Clone, Copy)]
enum Bound {
    /// To an address of the tenant's.
    There,
    /// To the wildcard.
    Anywhere,
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, nr) in [("v4", 0), ("v6", 1)] {
        for (bound, place) in [
            ("an_address", Bound::There),
            ("the_wildcard", Bound::Anywhere),
        ] {
            for (share, options) in [
                ("alone", &[][..]),
                ("with_reuseaddr", &[SO_REUSEADDR]),
                ("with_reuseport", &[SO_REUSEPORT]),
                ("with_both", &[SO_REUSEADDR, SO_REUSEPORT]),
            ] {
                for listening in [false, true] {
                    let what = if listening { "listening" } else { "bound" };
                    let all = All {
                        nr,
                        place,
                        options,
                        listening,
                    };
                    let name = format!("all_{family}_ports_{what}_on_{bound}_{share}");
                    tests.extend([
                        everywhere(
                            format!("{name}_keep_others_from_connecting_where_nothing_helps"),
                            move || {
                                let errno = all.connecting(&[], &[]).err();
                                let errno = errno.and_then(|e| e.raw_os_error());
                                assert_eq!(errno, Some(EADDRNOTAVAIL));
                            },
                        ),
                        behaviour(
                            format!("{name}_by_a_tenant_keep_nobody_from_connecting"),
                            move || {
                                for set in [TWO, &[]] {
                                    let outcome = all.connecting(ONE, set);
                                    outcome.unwrap_or_else(|e| panic!("as {set:?}: {e}"));
                                }
                            },
                        ),
                    ]);
                }
            }
        }
    }
    tests.extend([
        behaviour("as_many_connections_as_ports_in_spite_of_a_tenant", || {
            let _server = service(0);
            choose_among_few();
            let all = All {
                nr: 0,
                place: Bound::There,
                options: &[SO_REUSEADDR],
                listening: true,
            };
            let _holder = all.hold(ONE);
            for set in [TWO, &[]] {
                in_child_with(set, || {
                    let mut names = Vec::new();
                    let all: Vec<Sock> = PORTS.map(|_| connection(0).expect("a port")).collect();
                    for sock in &all {
                        let name = (
                            sock.local().internet(),
                            sock.peer().expect("peer").internet(),
                        );
                        assert!(!names.contains(&name), "{name:?} twice");
                        names.push(name);
                    }
                    let more = connection(0).expect_err("one connection twice");
                    assert_eq!(more.raw_os_error(), Some(EADDRNOTAVAIL));
                });
            }
        }),
        // Within one tenant, bound ports are in the way, as on any host.
        behaviour("a_tenants_own_ports_are_in_its_own_way", || {
            let _server = service(0);
            choose_among_few();
            in_child_with(ONE, || {
                let all = All {
                    nr: 0,
                    place: Bound::There,
                    options: &[],
                    listening: true,
                };
                let _sockets = all.sockets();
                let errno = connection(0).err().and_then(|e| e.raw_os_error());
                assert_eq!(errno, Some(EADDRNOTAVAIL));
            });
        }),
    ]);
    tests
}

/// Sockets on all ports.
#[derive(Clone, Copy)]
struct All {
    /// The family: 0 for IPv4, 1 for IPv6.
    nr: usize,
    place: Bound,
    options: &'static [i32],
    listening: bool,
}

impl All {
    /// A process of `set` holds sockets on all ports, and one of `other`
    /// connects. An empty set stands for an unassociated process.
    fn connecting(self, set: &[&str], other: &[&str]) -> io::Result<()> {
        let _server = service(self.nr);
        choose_among_few();
        let _holder = self.hold(set);
        let outcome = Channel::new();
        in_child_with(other, || {
            let connected = connection(self.nr);
            let errno = connected.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |_| 0);
            outcome.send(&errno.to_string());
        });
        match outcome.receive().parse().expect("an errno") {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }

    fn hold(self, set: &[&str]) -> Child {
        let (ready, never) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            if !set.is_empty() {
                associate(set);
            }
            let _sockets = self.sockets();
            ready.send("");
            never.receive();
        });
        ready.receive();
        child
    }

    fn sockets(self) -> Vec<Sock> {
        let at = match (self.place, self.nr) {
            (Bound::There, nr) => ip(ONE[nr]),
            (Bound::Anywhere, 0) => ANY4,
            (Bound::Anywhere, _) => ANY6,
        };
        let open = |port| {
            let sock = Sock::for_ip(Proto::Tcp, at);
            for &option in self.options {
                sock.set(SOL_SOCKET, option, 1);
            }
            sock.bind((at, port)).expect("bind");
            if self.listening {
                sock.listen().expect("listen");
            }
            sock
        };
        PORTS.map(open).collect()
    }
}

fn service(nr: usize) -> Sock {
    let server = Sock::for_ip(Proto::Tcp, host(nr));
    server.bind((host(nr), SERVICE)).expect("bind");
    // The backlog has room for a connection from each of PORTS.
    listen(server.as_fd(), 1024).expect("listen");
    server
}

fn host(nr: usize) -> IpAddr {
    ip([HOST4, HOST6][nr])
}

fn connection(nr: usize) -> io::Result<Sock> {
    let sock = Sock::for_ip(Proto::Tcp, host(nr));
    sock.connect((host(nr), SERVICE)).map(|()| sock)
}

fn choose_among_few() {
    let range = format!("{} {}", PORTS.start(), PORTS.end());
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", range).expect("sysctl");
}
