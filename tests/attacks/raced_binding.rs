// SPDX-License-Identifier: GPL-2.0

//! Threads bind sockets again and again while their process is associated. The kernel
//! chooses the place of a socket in its tables when it is bound. If it looked for it
//! elsewhere, the socket would keep a port from nobody, and what is the host's or
//! another's now would come to it.

use std::io;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::thread;

use libc::EADDRINUSE;

use crate::addr::{ANY4, ANY6, HOST4, ONE, TWO};
use crate::child::{eventually, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::crowd::Crowd;
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::sys::watch::poll_many;
use crate::tenant::Tenant;

/// The ports, which the kernel does not choose for clients, and how many.
const FIRST: u16 = 5000;
const PORTS: usize = 48;

/// How many threads bind, and how often it is all tried.
const THREADS: usize = 3;
const ROUNDS: usize = 6;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in [Kind::V4, Kind::Dual] {
            let name = |what: &str| {
                let (proto, kind) = (proto.name(), kind.name());
                format!("{proto}_{kind}_sockets_bound_{what}")
            };
            tests.extend([
                everywhere(
                    name("again_and_again_are_everywhere_on_a_host"),
                    move || {
                        let racer = Racer::start(proto, kind);
                        racer.stop();
                        for port in ports() {
                            for addr in [ONE[0], TWO[0], HOST4] {
                                assert_eq!(ask(proto, (addr, port)).expect("no answer"), "thief");
                            }
                        }
                    },
                ),
                behaviour(name("while_they_are_adopted_have_their_scope"), move || {
                    let _crowd = Crowd::on(&ports().collect::<Vec<_>>());
                    for _ in 0..ROUNDS {
                        raced(proto, kind);
                    }
                }),
            ]);
        }
    }
    tests
}

fn ports() -> impl Iterator<Item = u16> {
    (FIRST..).take(PORTS)
}

fn raced(proto: Proto, kind: Kind) {
    let racer = Racer::start(proto, kind);
    associate_with(racer.child.pid(), ONE, &Assignment::DEFAULT);
    racer.stop();
    let (same, other, host) = (Tenant::new(ONE), Tenant::new(TWO), Tenant::host());
    for port in ports() {
        let wildcard = Spec::wildcard(proto, Kind::V4, port);
        let there = Spec::at(proto, ONE[0], port);
        for (who, spec) in [
            (&same, wildcard),
            (&same, there),
            (&host, wildcard),
            (&host, there),
        ] {
            let opened = who.open("late", spec);
            let errno = opened.expect_err("the thief has the port").raw_os_error();
            assert_eq!(errno, Some(EADDRINUSE), "{spec:?}");
        }
        let word = ask(proto, (ONE[0], port)).unwrap_or_else(|e| panic!("{port}: {e}"));
        assert_eq!(word, "thief");
        for addr in [TWO[0], HOST4] {
            nobody_answers(proto, (addr, port));
        }
        for (who, spec) in [(&other, wildcard), (&host, Spec::at(proto, HOST4, port))] {
            who.serve("right", spec);
        }
        for addr in [TWO[0], HOST4] {
            assert_eq!(ask(proto, (addr, port)).expect("no answer"), "right");
        }
    }
}

/// A process whose threads bind sockets to the wildcard, each port by one of them.
struct Racer {
    child: Child,
    over: Channel,
    stopped: Channel,
}

impl Racer {
    fn start(proto: Proto, kind: Kind) -> Self {
        let (some, over, stopped) = (Channel::new(), Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            // A call on a socket that the module has not found yet may be refused. And it
            // may hold a socket that was closed for a moment, with its port.
            let open = |nr: usize| {
                let mut opened = None;
                eventually("a port of its own", || {
                    opened = wildcard(proto, kind, FIRST + nr as u16).ok();
                    opened.is_some()
                });
                opened.expect("opened")
            };
            // All are there when the race begins, and when it ends.
            let slots: Vec<_> = (0..PORTS).map(|nr| Mutex::new(Some(open(nr)))).collect();
            let bind = |thread: usize| {
                for nr in (thread..PORTS).step_by(THREADS).cycle() {
                    let mut slot = slots[nr].lock().expect("no panic");
                    *slot = None;
                    *slot = Some(open(nr));
                    if over.has_line() {
                        break;
                    }
                }
            };
            some.send("");
            thread::scope(|scope| {
                for nr in 0..THREADS {
                    scope.spawn(move || bind(nr));
                }
            });
            let all: Vec<Sock> = slots
                .into_iter()
                .filter_map(|slot| slot.into_inner().expect("no panic"))
                .collect();
            all.iter().for_each(Sock::want_destinations);
            stopped.send("");
            serve(proto, &all);
        });
        some.receive();
        Self {
            child,
            over,
            stopped,
        }
    }

    /// Ends the race. The process then answers on all sockets.
    fn stop(&self) {
        self.over.send("");
        self.stopped.receive();
    }
}

/// A socket without options, listening where it is TCP.
fn wildcard(proto: Proto, kind: Kind, port: u16) -> io::Result<Sock> {
    let (domain, any) = match kind {
        Kind::V4 => (libc::AF_INET, ANY4),
        _ => (libc::AF_INET6, ANY6),
    };
    let kind = match proto {
        Proto::Tcp => libc::SOCK_STREAM,
        Proto::Udp => libc::SOCK_DGRAM,
    };
    let sock = Sock::new(domain, kind, 0)?;
    sock.serve(proto, (any, port)).map(|()| sock)
}

fn serve(proto: Proto, all: &[Sock]) -> ! {
    let watched: Vec<_> = all.iter().map(AsFd::as_fd).collect();
    loop {
        let ready = poll_many(&watched, -1).expect("poll");
        for (sock, _) in all.iter().zip(ready).filter(|(_, ready)| *ready) {
            let _ = match proto {
                Proto::Tcp => sock.accept().and_then(|(client, _)| {
                    client.send(b"thief")?;
                    // The peer closes first.
                    client.receive().map(drop)
                }),
                Proto::Udp => sock
                    .receive_with_destination()
                    .and_then(|(_, from, to)| sock.send_from(b"thief", from, to)),
            };
        }
    }
}
