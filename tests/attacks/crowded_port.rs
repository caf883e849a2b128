// SPDX-License-Identifier: GPL-2.0

//! The lookup for a packet visits every socket on its port. A tenant with very
//! many sockets there would slow down everybody on that port, so it may have
//! 256.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::thread;

use addrconf_abi::Target;
use libc::{EADDRINUSE, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT};

use crate::addr::{ip, ANY4, ANY6, HOST4, ONE, PAIRS, TWO};
use crate::child::{as_tenant, spawn_tenant, Channel, Child};
use crate::client::{narrow, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::limit::allow_descriptors;

/// The most sockets of a tenant on one port.
pub const MOST: usize = 256;

/// More than a tenant may have.
pub const MANY: usize = MOST + 44;

/// A port that the kernel may choose.
pub const PORT: u16 = 40000;

/// How sockets share a port.
const SHARES: [(&str, i32); 2] = [("reuseaddr", SO_REUSEADDR), ("reuseport", SO_REUSEPORT)];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for (share, option) in SHARES {
            let crowd = Crowd { proto, option };
            let name = |what: &str| format!("{what}_{}_{share}", proto.name());
            tests.extend([
                everywhere(
                    name("an_unassociated_process_has_many_sockets_on_a_port"),
                    move || {
                        crowd.open(ANY4, MANY).expect("as many as it likes");
                    },
                ),
                behaviour(
                    name("a_tenant_has_no_more_than_so_many_sockets_on_a_port"),
                    move || {
                        for at in [ip(ONE[0]), ip(ONE[1]), ANY4, ANY6] {
                            as_tenant(ONE, || crowd.fills(at, MOST));
                        }
                    },
                ),
                behaviour(
                    name("sockets_on_all_of_a_tenants_addresses_count_on_the_wildcard"),
                    move || {
                        as_tenant(PAIRS[0], || {
                            let there = ["10.0.0.1", "10.1.0.1"]
                                .map(|at| crowd.open(ip(at), MOST / 4).expect("a quarter"));
                            crowd.fills(ANY4, MOST / 2);
                            drop(there);
                        });
                    },
                ),
                behaviour(
                    name("wildcards_of_all_parts_of_a_tenant_count_together"),
                    move || {
                        as_tenant(PAIRS[0], || {
                            // The parts have no address in common.
                            let first = Part::start(crowd, "10.0.0.1");
                            let second = Part::start(crowd, "10.1.0.1");
                            first.opens(MOST - 56);
                            second.opens(56);
                            second.is_full();
                            first.is_full();
                            first.closes();
                            second.opens(MOST - 56);
                            second.is_full();
                        });
                    },
                ),
                behaviour(
                    name("a_full_port_of_a_tenant_is_free_for_others"),
                    move || {
                        let (ready, done) = (Channel::new(), Channel::new());
                        let _tenant = spawn_tenant(ONE, || {
                            let _all = crowd.open(ANY4, MOST).expect("so many");
                            ready.send("");
                            done.receive();
                        });
                        ready.receive();
                        as_tenant(TWO, || crowd.fills(ANY4, MOST));
                        crowd.open(ip(HOST4), MANY).expect("the host's");
                        done.send("");
                    },
                ),
                behaviour(name("closing_makes_room_on_a_port"), move || {
                    as_tenant(ONE, || {
                        for _ in 0..2 {
                            crowd.fills(ANY4, MOST);
                        }
                        let mut all = crowd.open(ANY4, MOST).expect("so many");
                        for _ in 0..3 {
                            all.pop();
                            all.push(crowd.socket(ANY4).expect("room"));
                            crowd.is_full(ANY4);
                        }
                    });
                }),
                behaviour(name("refusals_of_a_full_port_are_counted"), move || {
                    let (ready, done) = (Channel::new(), Channel::new());
                    let tenant = spawn_tenant(ONE, || {
                        let _all = crowd.open(ANY4, MOST).expect("so many");
                        (0..3).for_each(|_| crowd.is_full(ANY4));
                        ready.send("");
                        done.receive();
                    });
                    ready.receive();
                    let count = Device::open().full_ports(Target::Pid(tenant.pid()));
                    assert_eq!(count.expect("query"), 3);
                }),
                behaviour(
                    name("many_threads_have_no_more_sockets_on_a_port"),
                    move || {
                        as_tenant(ONE, || assert_eq!(crowd.race(), MOST));
                    },
                ),
            ]);
        }
    }
    tests
}

/// Sockets on one port.
#[derive(Clone, Copy)]
pub struct Crowd {
    proto: Proto,
    /// The socket option through which they share it.
    option: i32,
}

impl Crowd {
    pub fn new(proto: Proto, option: i32) -> Self {
        Self { proto, option }
    }

    /// Opens one more: bound, and listening where several sockets can.
    pub fn socket(self, at: IpAddr) -> io::Result<Sock> {
        let sock = Sock::for_ip(self.proto, at);
        sock.set(SOL_SOCKET, self.option, 1);
        sock.bind((at, PORT))?;
        if self.proto == Proto::Tcp && self.option == SO_REUSEPORT {
            sock.listen()?;
        }
        Ok(sock)
    }

    /// Opens `count` of them.
    pub fn open(self, at: IpAddr, count: usize) -> io::Result<Vec<Sock>> {
        allow_descriptors(4096)?;
        (0..count).map(|_| self.socket(at)).collect()
    }

    /// Panics unless there is room for `count` sockets, and for no more.
    pub fn fills(self, at: IpAddr, count: usize) {
        let all = self.open(at, count);
        let _all = all.unwrap_or_else(|e| panic!("{count} sockets at {at}: {e}"));
        self.is_full(at);
    }

    fn is_full(self, at: IpAddr) {
        is(self.socket(at).map(drop), &[EADDRINUSE]);
    }

    /// Opens sockets from several threads. Returns how many they get.
    fn race(self) -> usize {
        allow_descriptors(4096).expect("setrlimit");
        let all = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..MOST / 4 {
                        match self.socket(ANY4) {
                            Ok(sock) => all.lock().expect("no panic").push(sock),
                            Err(e) => assert_eq!(e.raw_os_error(), Some(EADDRINUSE)),
                        }
                    }
                });
            }
        });
        let all = all.into_inner().expect("no panic");
        all.len()
    }
}

/// A part of a tenant, which opens sockets on the wildcard when told.
struct Part {
    _child: Child,
    orders: Channel,
    replies: Channel,
}

impl Part {
    fn start(crowd: Crowd, at: &str) -> Self {
        let (orders, replies) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            narrow(&[at], "").expect("narrow");
            let mut all = Vec::new();
            loop {
                match orders.receive().parse().expect("a number") {
                    0 => all.clear(),
                    count => all.extend(crowd.open(ANY4, count).unwrap_or_default()),
                }
                replies.send(&all.len().to_string());
            }
        });
        Self {
            _child: child,
            orders,
            replies,
        }
    }

    /// Opens `count` more sockets, or closes all if it is 0. Returns how many
    /// are open then.
    fn has_after(&self, count: usize) -> usize {
        self.orders.send(&count.to_string());
        self.replies.receive().parse().expect("a number")
    }

    fn opens(&self, count: usize) {
        assert!(
            self.has_after(count) >= count,
            "the part opened fewer than {count} more sockets"
        );
    }

    fn closes(&self) {
        assert_eq!(self.has_after(0), 0);
    }

    fn is_full(&self) {
        let before = self.has_after(MANY);
        assert_eq!(
            self.has_after(1),
            before,
            "the part opened one more socket on a full port"
        );
    }
}

#[track_caller]
pub fn is(outcome: io::Result<()>, errnos: &[i32]) {
    let errno = outcome.expect_err("the call succeeded").raw_os_error();
    assert!(
        errno.is_some_and(|e| errnos.contains(&e)),
        "errno {errno:?}, not one of {errnos:?}"
    );
}
