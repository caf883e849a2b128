// SPDX-License-Identifier: GPL-2.0

//! Very many sockets of a tenant on a port that others also use. Where nothing tells
//! owners apart, the crowd takes what comes for others, or keeps them off the port, and
//! every packet to the port passes it. The stack's index keeps a crowd among the sockets of
//! its tenant. These tests show that nobody else notices it; what others pay for it is
//! counted by `make bench`.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::thread;

use libc::{EADDRINUSE, SOL_SOCKET};

use crate::addr::{ip, Addr, ANY4, ANY6, HOST4, HOST6, ONE, PAIRS, THREE, TWO};
use crate::child::{as_tenant, spawn_tenant, Channel, Child};
use crate::client::narrow;
use crate::registry::{behaviour, everywhere, Test};
use crate::server::ask;
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Reuse, Spec};
use crate::sys::limit::allow_descriptors;
use crate::sys::watch::poll_many;
use crate::tenant::{answer_is, Tenant};

/// The sockets of a crowd.
pub const MANY: usize = 600;

/// A port that the kernel may choose.
pub const PORT: u16 = 40000;

/// How many sockets of a crowd connect and dissolve their connections, and the first port
/// of the servers that they connect to.
const CONNECTED: u16 = 32;
const SERVERS: u16 = 9000;

/// How often each server is asked. With a random choice among all sockets on the port,
/// the crowd would get one of so many with certainty.
const TIMES: usize = 8;

/// How long a crowd waits for what must not come, in milliseconds.
const SILENCE: i32 = 300;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for share in [Reuse::Addr, Reuse::Port] {
            let crowd = Crowd { proto, share };
            let name = |what: &str| format!("{what}_{}_{}", proto.name(), share.name());
            tests.extend([
                everywhere(
                    name("a_crowd_is_in_the_way_of_others_where_nothing_helps"),
                    move || is_in_the_way(crowd),
                ),
                behaviour(name("a_tenants_crowd_on_v4_is_in_nobodys_way"), move || {
                    is_in_nobodys_way(crowd, || crowd.open(ANY4, MANY))
                }),
                behaviour(
                    name("a_tenants_crowd_on_both_families_is_in_nobodys_way"),
                    move || is_in_nobodys_way(crowd, || crowd.open(ANY6, MANY)),
                ),
                behaviour(
                    name("a_crowd_of_dissolved_connections_is_in_nobodys_way"),
                    move || {
                        // One for each connection: with TCP, two to the same one would have
                        // the same ends.
                        let servers: Vec<Sock> = (SERVERS..SERVERS + CONNECTED)
                            .map(|port| Sock::serving(proto, (HOST4, port)))
                            .collect();
                        is_in_nobodys_way(crowd, || crowd.dissolved(&servers));
                    },
                ),
                behaviour(
                    name("parts_of_a_tenant_have_crowds_beside_each_other"),
                    move || as_tenant(PAIRS[0], || parts(crowd)),
                ),
                behaviour(name("many_threads_make_a_crowd"), move || {
                    as_tenant(ONE, || crowd.race());
                }),
            ]);
        }
    }
    tests
}

/// Sockets on one port.
#[derive(Clone, Copy)]
pub struct Crowd {
    /// TCP or UDP.
    pub proto: Proto,
    /// How they share it.
    pub share: Reuse,
}

impl Crowd {
    /// Whether its sockets receive. Several sockets of TCP can listen only with
    /// `SO_REUSEPORT`.
    fn receives(self) -> bool {
        self.proto == Proto::Udp || self.share == Reuse::Port
    }

    fn bound(self, at: IpAddr) -> io::Result<Sock> {
        let sock = Sock::for_ip(self.proto, at);
        if let Some(option) = self.share.option() {
            sock.set(SOL_SOCKET, option, 1);
        }
        sock.bind((at, PORT))?;
        Ok(sock)
    }

    fn ready(self, sock: Sock) -> io::Result<Sock> {
        if self.proto == Proto::Tcp && self.receives() {
            sock.listen()?;
        }
        Ok(sock)
    }

    /// Opens one: bound, and listening where several sockets can.
    fn socket(self, at: IpAddr) -> io::Result<Sock> {
        self.ready(self.bound(at)?)
    }

    /// Opens `count` of them.
    pub fn open(self, at: IpAddr, count: usize) -> Vec<Sock> {
        allow_descriptors(4096).expect("setrlimit");
        let all = (0..count).map(|_| self.socket(at));
        all.collect::<io::Result<_>>().expect("a crowd")
    }

    /// Opens them, and before any is ready, some connect and dissolve their connections.
    fn dissolved(self, servers: &[Sock]) -> Vec<Sock> {
        allow_descriptors(4096).expect("setrlimit");
        let all: Vec<Sock> = (0..MANY)
            .map(|_| self.bound(ANY4).expect("a socket"))
            .collect();
        for (sock, server) in all.iter().zip(servers) {
            sock.connect(server.local()).expect("connect");
        }
        for sock in &all[..servers.len()] {
            sock.connect(Addr::unspecified(0)).expect("disconnect");
            assert_eq!(sock.local().port(), PORT);
        }
        let all = all.into_iter().map(|sock| self.ready(sock));
        all.collect::<io::Result<_>>().expect("a crowd")
    }

    /// Opens them from several threads.
    fn race(self) {
        const THREADS: usize = 8;
        allow_descriptors(4096).expect("setrlimit");
        let all = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..MANY / THREADS {
                        let sock = self.socket(ANY4).expect("a socket");
                        all.lock().expect("no panic").push(sock);
                    }
                });
            }
        });
        assert_eq!(all.into_inner().expect("no panic").len(), MANY);
    }
}

/// A process with a crowd.
pub struct Mob {
    _child: Child,
    orders: Channel,
    replies: Channel,
}

impl Mob {
    /// Starts one that is associated with `set`, or not if that is empty, and makes its
    /// crowd with `open`.
    pub fn start(crowd: Crowd, set: &[&str], open: impl FnOnce() -> Vec<Sock>) -> Self {
        let (orders, replies) = (Channel::new(), Channel::new());
        let live = || {
            let all = open();
            loop {
                replies.send(&heard(crowd, &all).to_string());
                orders.receive();
            }
        };
        let child = if set.is_empty() {
            Child::spawn(live)
        } else {
            spawn_tenant(set, live)
        };
        assert_eq!(replies.receive(), "0");
        Self {
            _child: child,
            orders,
            replies,
        }
    }

    /// How many of its sockets have something to receive or to accept.
    fn heard(&self) -> usize {
        self.orders.send("");
        self.replies.receive().parse().expect("a number")
    }
}

fn heard(crowd: Crowd, all: &[Sock]) -> usize {
    if !crowd.receives() {
        return 0;
    }
    let fds: Vec<_> = all.iter().map(AsFd::as_fd).collect();
    let ready = poll_many(&fds, SILENCE).expect("poll");
    ready.into_iter().filter(|&ready| ready).count()
}

/// Connects, or sends a message.
fn knock(proto: Proto, at: &str) {
    let sock = Sock::for_ip(proto, ip(at));
    match proto {
        Proto::Tcp => sock.connect((at, PORT)).expect("connect"),
        Proto::Udp => sock.send_to(b"?", (at, PORT)).expect("send"),
    }
}

/// Panics unless a crowd of unassociated sockets takes what comes for another, or, if it
/// cannot receive, keeps the other off the port.
fn is_in_the_way(crowd: Crowd) {
    let other = Tenant::host();
    let spec = Spec::wildcard(crowd.proto, Kind::V4, PORT);
    if crowd.receives() {
        other.serve("other", spec.sharing(crowd.share));
    }
    let mob = Mob::start(crowd, &[], || crowd.open(ANY4, MANY));
    if crowd.receives() {
        (0..TIMES).for_each(|_| knock(crowd.proto, HOST4));
        assert_ne!(mob.heard(), 0);
    } else {
        let errno = other.open("other", spec).expect_err("the port is in use");
        assert_eq!(errno.raw_os_error(), Some(EADDRINUSE));
    }
}

/// Panics unless others bind the port, accept and receive there beside a crowd of tenant
/// 1, which gets what is for that tenant and nothing else.
fn is_in_nobodys_way(crowd: Crowd, open: impl FnOnce() -> Vec<Sock>) {
    let proto = crowd.proto;
    let wildcard = Spec::wildcard(proto, Kind::Dual, PORT);
    let before = Tenant::new(TWO);
    before.serve("before", wildcard.sharing(crowd.share));
    let mob = Mob::start(crowd, ONE, open);
    let after = Tenant::new(THREE);
    after.serve("after", wildcard);
    let host = Tenant::host();
    for at in [HOST4, HOST6] {
        host.serve("host", Spec::at(proto, at, PORT));
    }
    let servers = [("before", TWO), ("after", THREE), ("host", &[HOST4, HOST6])];
    for (word, set) in servers.iter().flat_map(|server| [server; TIMES]) {
        for at in *set {
            let answer = ask(proto, (*at, PORT));
            assert_eq!(answer.expect("no answer"), *word, "at {at}");
            answer_is(&before, proto, *at, PORT, word);
        }
    }
    for at in ["127.0.0.1", "::1"] {
        answer_is(&before, proto, at, PORT, "before");
        answer_is(&after, proto, at, PORT, "after");
    }
    // It can be left and had again.
    before.close("before");
    before.serve("again", wildcard);
    answer_is(&host, proto, TWO[0], PORT, "again");
    assert_eq!(
        mob.heard(),
        0,
        "sockets of the crowd got what is for others"
    );
    if crowd.receives() {
        knock(proto, ONE[0]);
        assert_eq!(mob.heard(), 1);
    }
}

/// Two parts of this tenant, which have no address in common, each make a crowd.
fn parts(crowd: Crowd) {
    let parts = ["10.0.0.1", "10.1.0.1"].map(|at| {
        Mob::start(crowd, &[], || {
            narrow(&[at], "").expect("narrow");
            crowd.open(ANY4, MANY / 2)
        })
    });
    if crowd.receives() {
        knock(crowd.proto, "10.0.0.1");
        assert_eq!(parts.each_ref().map(Mob::heard), [1, 0]);
        knock(crowd.proto, "10.1.0.1");
        assert_eq!(parts.each_ref().map(Mob::heard), [1, 1]);
    }
}
