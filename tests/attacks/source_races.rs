// SPDX-License-Identifier: GPL-2.0

//! A socket without an address gets its source between the decision and the
//! protocol. Another thread makes the kernel forget that source in between, by
//! asking for the socket's name or by dissolving its connection.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use libc::{SOL_SOCKET, SO_SNDTIMEO};

use crate::addr::{mapped, Addr, HOST4, HOST6};
use crate::registry::{Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;

use super::witness::Spoof;

/// How many messages are sent: few enough to queue at the witness.
const ATTEMPTS: usize = 150;

/// How many sockets are connected.
const CONNECTIONS: usize = 30;

/// How long a connection may take: struct timeval.
const WAIT: [[u8; 8]; 2] = [0_i64.to_ne_bytes(), 300_000_i64.to_ne_bytes()];

pub fn tests() -> Vec<Test> {
    let spoof = |name, at, prepare| Spoof {
        name,
        proto: Proto::Udp,
        at,
        foreign: at,
        prepare,
    };
    let tcp = |name, at, prepare| Spoof {
        proto: Proto::Tcp,
        ..spoof(name, at, prepare)
    };
    [
        spoof("sending_while_a_thread_asks_for_the_name_v4", HOST4, |to| {
            sending(Sock::v4(Proto::Udp), to, ask_for_name)
        }),
        spoof("sending_while_a_thread_asks_for_the_name_v6", HOST6, |to| {
            sending(Sock::v6(Proto::Udp), to, ask_for_name)
        }),
        spoof("sending_while_a_thread_dissolves_v6", HOST6, |to| {
            sending(Sock::v6(Proto::Udp), to, dissolve_connection)
        }),
        spoof("sending_while_a_thread_dissolves_mapped", HOST4, |to| {
            let to = (mapped(HOST4), to.port()).into();
            sending(Sock::v6(Proto::Udp), to, dissolve_connection)
        }),
        tcp("connecting_while_a_thread_asks_for_the_name", HOST4, |to| {
            connecting(Sock::v4, to, ask_for_name)
        }),
        tcp("connecting_while_a_thread_dissolves_v6", HOST6, |to| {
            connecting(Sock::v6, to, dissolve_connection)
        }),
    ]
    .into_iter()
    .flat_map(Spoof::tests)
    .collect()
}

/// Makes the kernel forget the source of a socket without an address.
pub(super) fn ask_for_name(sock: &Sock) {
    let _ = sock.local();
}

/// Dissolves a connection, and with it a source.
pub(super) fn dissolve_connection(sock: &Sock) {
    // This may fail, and so may the call that it races with.
    let _ = sock.connect(Addr::unspecified(0));
}

/// Sends again and again, while a thread does `against`.
fn sending(sock: Sock, to: Addr, against: fn(&Sock)) -> Attack {
    Box::new(move || {
        while_another(&sock, against, || {
            for _ in 0..ATTEMPTS {
                let _ = sock.send_to(b"x", to.clone());
                thread::yield_now();
            }
        });
        Ok(())
    })
}

/// Connects sockets, while a thread does `against`.
fn connecting(make: fn(Proto) -> Sock, to: Addr, against: fn(&Sock)) -> Attack {
    Box::new(move || {
        for _ in 0..CONNECTIONS {
            let sock = make(Proto::Tcp);
            // A connection whose first packet is dropped would wait for a long
            // time.
            set_option_bytes(sock.as_fd(), SOL_SOCKET, SO_SNDTIMEO, &WAIT.concat())?;
            while_another(&sock, against, || drop(sock.connect(to.clone())));
        }
        Ok(())
    })
}

fn while_another(sock: &Sock, against: fn(&Sock), work: impl FnOnce()) {
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                against(sock);
                begun.store(true, Ordering::Relaxed);
            }
        });
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        work();
        done.store(true, Ordering::Relaxed);
    });
}
