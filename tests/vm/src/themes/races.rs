// SPDX-License-Identifier: GPL-2.0

//! Threads that share a socket and work against each other. Time passes between the
//! check of a call and the call itself. Even then no packet may have a source outside
//! the set.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::addr::{ip, Addr, HOST4, ONE};
use crate::child::{as_tenant, Channel, Child};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock, PROTOS};

/// How many sockets the threads work on.
const ROUNDS: usize = 20;

/// How many calls are made on each socket.
const ATTEMPTS: usize = 100;

/// The longest time spent on one socket.
const PER_SOCKET: Duration = Duration::from_millis(200);

/// The source of the last message, which tells the watcher to stop.
const LAST: &str = "10.0.0.2";

pub fn tests() -> Vec<Test> {
    PROTOS
        .into_iter()
        .map(|proto| {
            let name = format!(
                "{}_source_stays_in_the_set_while_a_thread_dissolves_connections",
                proto.name()
            );
            behaviour(name, move || dissolve(proto))
        })
        .collect()
}

/// One thread sends or connects. Another dissolves the connection, which makes the
/// kernel forget addresses that it chose itself.
fn dissolve(proto: Proto) {
    let server = Sock::serving(proto, (HOST4, 0));
    let to = server.local();
    let count = Channel::new();
    let watcher = Child::spawn(|| count.send(&watch(proto, &server).to_string()));
    as_tenant(ONE, || {
        for _ in 0..ROUNDS {
            fight(proto, &to);
        }
    });
    let last = Sock::v4(proto);
    last.bind((LAST, 0)).expect("bind");
    // The watcher's queue may be full at this moment.
    thread::sleep(Duration::from_millis(300));
    last.connect(to).expect("connect");
    if proto == Proto::Udp {
        last.send(b"x").expect("send");
    }
    let seen: usize = count.receive().parse().expect("a number");
    watcher.succeeded();
    assert!(
        seen > ROUNDS,
        "only {seen} messages arrived: this proves nothing"
    );
}

/// Checks the source of everything that arrives until the last message. Returns how much
/// arrived.
fn watch(proto: Proto, server: &Sock) -> usize {
    for nr in 0.. {
        let from = match proto {
            Proto::Tcp => server.accept().map(|(_, from)| from),
            Proto::Udp => server.receive().map(|(_, from)| from),
        };
        let from = from.expect("the last message did not arrive").ip();
        if from == ip(LAST) {
            return nr;
        }
        assert_eq!(from, ip(ONE[0]), "the source must be in the set");
    }
    unreachable!()
}

fn fight(proto: Proto, to: &Addr) {
    let sock = Sock::v4(proto);
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // This call may fail, and so may those of the other thread.
                let _ = sock.connect(Addr::unspecified(0));
                begun.store(true, Ordering::Relaxed);
            }
        });
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let deadline = Instant::now() + PER_SOCKET;
        let mut attempts = 0;
        while attempts < ATTEMPTS && Instant::now() < deadline {
            let outcome = match proto {
                Proto::Tcp => sock.connect(to.clone()),
                Proto::Udp => sock.send_to(b"x", to.clone()),
            };
            match outcome.map_err(|e| e.raw_os_error()) {
                // Not dissolved yet: lets the other thread run.
                Err(Some(libc::EISCONN)) => thread::yield_now(),
                _ => attempts += 1,
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}
