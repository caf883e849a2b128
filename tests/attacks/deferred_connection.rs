// SPDX-License-Identifier: GPL-2.0

//! A connection that was requested while an address was in the set, and is made
//! after the address was taken away. Either the connection was deferred until
//! something is sent, or one thread reconnects a socket that had a connection
//! from there, while another sends on it.

use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use addrconf_abi::{Change, Target};
use libc::{
    IPPROTO_TCP, MSG_DONTWAIT, MSG_FASTOPEN, MSG_NOSIGNAL, SOL_SOCKET, SO_SNDTIMEO,
    TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE,
};

use super::fast_open::without_cookies;
use super::wire::Wire;
use crate::addr::{ip, Addr, PAIRS};
use crate::child::{stay, Channel, Child};
use crate::client::{associate, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::message::sendto;
use crate::sys::option::{set_option, set_option_bytes};
use crate::sys::pipe::write;

/// How often the race is run.
const ATTEMPTS: usize = 40;

/// How often the sender of the race tries on one socket.
const SENDS: usize = 100;

/// The address that the client loses, and the address it connects to.
struct Case {
    family: &'static str,
    gone: &'static str,
    witness: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        family: "v4",
        gone: "10.0.0.1",
        witness: "10.0.0.3",
    },
    Case {
        family: "v6",
        gone: "2001:db8::1",
        witness: "2001:db8::3",
    },
];

type Deed = fn(&[Sock], &Addr);

type Preparation = fn(IpAddr, &Addr) -> Vec<Sock>;

pub fn tests() -> Vec<Test> {
    let ways: [(&str, Preparation, Deed); 4] = [
        ("put_off_until_it_sends", put_off, |socks, _| {
            let _ = sendto(socks[0].as_fd(), b"x", MSG_DONTWAIT | MSG_NOSIGNAL, &[]);
        }),
        ("put_off_until_it_writes", put_off, |socks, _| {
            let _ = write(socks[0].as_fd(), b"x");
        }),
        ("put_off_and_asked_for_anew", put_off, |socks, to| {
            let _ = socks[0].connect(to.clone());
            let _ = sendto(socks[0].as_fd(), b"x", MSG_DONTWAIT | MSG_NOSIGNAL, &[]);
        }),
        ("made_anew_beside_a_sender", connected, anew),
    ];
    let mut tests = Vec::new();
    for case in &CASES {
        for (what, prepare, deed) in ways {
            tests.extend([
                behaviour(
                    format!(
                        "a_{}_connection_{what}_does_not_leave_from_an_address_that_is_gone",
                        case.family
                    ),
                    move || assert!(!case.leaves(true, prepare, deed), "a request left"),
                ),
                everywhere(
                    format!(
                        "a_{}_connection_{what}_leaves_for_an_unassociated_process",
                        case.family
                    ),
                    move || assert!(case.leaves(false, prepare, deed), "the attack failed"),
                ),
            ]);
        }
    }
    tests
}

impl Case {
    /// Whether `deed` makes a process send the witness a connection request. If
    /// the process is a tenant, the source address has been taken from it
    /// before.
    fn leaves(&self, tenant: bool, prepare: Preparation, deed: Deed) -> bool {
        without_cookies();
        let witness = Sock::serving(Proto::Tcp, (self.witness, 0));
        let to = witness.local();
        let (ready, go) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            if tenant {
                associate(PAIRS[0]);
            }
            let socks = prepare(ip(self.gone), &to);
            ready.send("");
            go.receive();
            deed(&socks, &to);
            ready.send("");
            stay();
        });
        ready.receive();
        if tenant {
            let (device, pid) = (Device::open(), Target::Pid(child.pid()));
            let removed = device.update(pid, Change::Remove, &[self.gone], false);
            removed.expect("remove");
        }
        let wire = Wire::watched_for(self.witness);
        go.send("");
        ready.receive();
        wire.saw_connection(self.gone, to.port())
    }
}

/// A socket bound to the address, with a deferred connection.
fn put_off(from: IpAddr, to: &Addr) -> Vec<Sock> {
    let sock = bound(from);
    sock.set(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    sock.set(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1);
    sock.connect(to.clone()).expect("connect");
    sock.peer().expect_err("the connection was not deferred");
    vec![sock]
}

fn bound(from: IpAddr) -> Sock {
    let sock = Sock::for_ip(Proto::Tcp, from);
    // struct timeval: a call without an answer must not hold up the test.
    let limit = [0_i64, 100_000].map(i64::to_ne_bytes).concat();
    set_option_bytes(sock.as_fd(), SOL_SOCKET, SO_SNDTIMEO, &limit).expect("setsockopt");
    sock.bind((from, 0)).expect("bind");
    sock
}

/// Sockets with connections from the address.
fn connected(from: IpAddr, to: &Addr) -> Vec<Sock> {
    let sock = || {
        let sock = bound(from);
        sock.connect(to.clone()).expect("connect");
        sock
    };
    (0..ATTEMPTS).map(|_| sock()).collect()
}

/// One thread dissolves each connection and requests it again with
/// TCP_FASTOPEN_CONNECT, while another sends on it, with and without
/// MSG_FASTOPEN.
fn anew(socks: &[Sock], to: &Addr) {
    for sock in socks {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..SENDS {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let _ = sendto(sock.as_fd(), b"x", MSG_DONTWAIT | MSG_NOSIGNAL, &[]);
                    let flags = MSG_FASTOPEN | MSG_DONTWAIT | MSG_NOSIGNAL;
                    let _ = sendto(sock.as_fd(), b"x", flags, to.bytes());
                }
            });
            let _ = sock.connect(Addr::unspecified(0));
            let _ = set_option(sock.as_fd(), IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
            let _ = sock.connect(to.clone());
            done.store(true, Ordering::Relaxed);
        });
        let _ = sendto(sock.as_fd(), b"x", MSG_DONTWAIT | MSG_NOSIGNAL, &[]);
    }
}
