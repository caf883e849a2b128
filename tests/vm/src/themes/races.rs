// SPDX-License-Identifier: GPL-2.0

//! Threads that share a socket and work against each other: between the
//! decision about a call and the call itself there is time, and nothing may
//! come from outside the set even then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::addr::{ip, Addr, HOST4, ONE};
use crate::child::{as_tenant, Channel, Child};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock, PROTOS};

/// How many sockets are fought over.
const ROUNDS: usize = 20;

/// How often each is tried.
const ATTEMPTS: usize = 100;

/// How long each is tried at most.
const PER_SOCKET: Duration = Duration::from_millis(200);

/// Who says that no more will come.
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

/// One thread sends or connects, another dissolves what connection there is
/// and makes the kernel forget addresses that it chose itself.
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
    // The watcher may have no room for more at this moment.
    thread::sleep(Duration::from_millis(300));
    last.connect(to).expect("connect");
    if proto == Proto::Udp {
        last.send(b"x").expect("send");
    }
    let seen: usize = count.receive().parse().expect("a number");
    watcher.succeeded();
    assert!(seen > ROUNDS, "only {seen} arrived: this proves nothing");
}

/// Looks at where everything comes from, to the last; how much that was.
fn watch(proto: Proto, server: &Sock) -> usize {
    for nr in 0.. {
        let from = match proto {
            Proto::Tcp => server.accept().map(|(_, from)| from),
            Proto::Udp => server.receive().map(|(_, from)| from),
        };
        let from = from.expect("the last to come").ip();
        if from == ip(LAST) {
            return nr;
        }
        assert_eq!(from, ip(ONE[0]), "a source outside the set");
    }
    unreachable!()
}

fn fight(proto: Proto, to: &Addr) {
    let sock = Sock::v4(proto);
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // This may fail, and so may what it works against.
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
                // Not yet dissolved: the other thread's turn.
                Err(Some(libc::EISCONN)) => thread::yield_now(),
                _ => attempts += 1,
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}
