// SPDX-License-Identifier: GPL-2.0

//! The gate permits by itself what follows from what it knows: of which association a task
//! is a member, and which addresses that has. When these change, it does not permit what
//! they permitted before.

use std::io;
use std::thread;

use addrconf_abi::{Change, Target};
use libc::{EACCES, EADDRNOTAVAIL};

use crate::addr::{ip, HOST4, HOST6, ONE, PREFIXES, TWO};
use crate::child::{in_child_with, Channel, Child};
use crate::client::{associate_process, narrow, Device};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

const WHOLE: &[&str] = &["10.0.0.1", "10.1.0.1", "2001:db8::1", "2001:db8:1::1"];
/// The part of [`WHOLE`] that is kept.
const KEPT: &[&str] = &["10.1.0.1", "2001:db8:1::1"];
/// The rest, which is lost.
const LOST: &[&str] = ONE;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("known_sockets_of_the_whole_are_lost_by_narrowing", || {
            after(nothing, |used| {
                narrow(KEPT, "part").expect("narrow");
                used.iter().for_each(Used::is_lost);
                Used::all(KEPT).iter().for_each(Used::works);
            });
        }),
        behaviour(
            "known_sockets_of_the_whole_are_lost_if_another_thread_narrows",
            || {
                after(nothing, |used| {
                    let narrowing = thread::spawn(|| narrow(KEPT, "part").expect("narrow"));
                    narrowing.join().expect("join");
                    used.iter().for_each(Used::is_lost);
                });
            },
        ),
        behaviour("known_sockets_are_lost_in_another_association", || {
            let assign_anew = |pid, _| {
                Device::open().release(Target::Pid(pid)).expect("release");
                associate_process(pid, TWO);
            };
            after(assign_anew, |used| {
                used.iter().for_each(Used::is_lost);
                Used::all(TWO).iter().for_each(Used::works);
            });
        }),
        behaviour("known_addresses_are_lost_by_an_update", || {
            let update = |_, id| {
                let updated = Device::open().update(id, Change::Replace, KEPT, false);
                updated.expect("update");
            };
            after(update, |used| {
                used.iter().for_each(Used::sends_nothing);
                Used::all(KEPT).iter().for_each(Used::works);
            });
        }),
        behaviour("a_refused_connect_gives_a_socket_no_source", || {
            for set in [ONE, PREFIXES] {
                in_child_with(set, || {
                    for to in ["127.64.0.99", "::ffff:127.64.0.99"] {
                        let sock = Sock::for_ip(Proto::Tcp, ip(to));
                        let refused = sock.connect((to, 9)).expect_err("it is refused");
                        assert_eq!(refused.raw_os_error(), Some(EACCES), "{to} {set:?}");
                        assert!(sock.local().ip().is_unspecified(), "{to} {set:?}");
                    }
                });
            }
        }),
        behaviour("a_set_of_neighbours_has_no_sole_source", || {
            // 10.1.0.0 is in the set, and the machine does not have it.
            let receiver = Sock::serving(Proto::Udp, (HOST4, 0));
            let to = receiver.local();
            in_child_with(PREFIXES, || {
                let sock = Sock::v4(Proto::Udp);
                let send = || (0..1000).try_for_each(|_| sock.send_to(b"x", to.clone()));
                thread::scope(|threads| {
                    let other = threads.spawn(send);
                    send().expect("send");
                    other.join().expect("join").expect("send");
                });
            });
        }),
        behaviour("known_sources_change_with_the_set", || {
            let receivers = [HOST4, HOST6].map(|host| Sock::serving(Proto::Udp, (host, 0)));
            let go = Channel::new();
            let child = Child::spawn(|| loop {
                go.receive();
                let senders = receivers.each_ref().map(|receiver| {
                    let to = receiver.local();
                    (Sock::for_ip(Proto::Udp, to.ip()), to)
                });
                // On the same sockets before and after the set has changed.
                for _ in 0..2 {
                    for (sender, to) in &senders {
                        sender.send_to(b"x", to.clone()).expect("send");
                        sender.send_to(b"x", to.clone()).expect("send");
                    }
                    go.receive();
                }
            });
            let comes_from = |set: &[&str]| {
                go.send("");
                for receiver in receivers.iter().chain(&receivers) {
                    let (_, from) = receiver.receive().expect("receive");
                    let all: Vec<_> = set.iter().map(|addr| ip(addr)).collect();
                    assert!(all.contains(&from.ip()), "{} of {set:?}", from.ip());
                }
            };
            let id = Target::Association(associate_process(child.pid(), ONE));
            comes_from(ONE);
            let updated = Device::open().update(id, Change::Replace, TWO, false);
            updated.expect("update");
            comes_from(TWO);
        }),
    ]
}

/// Sockets on an address that their process has used, so that the gate knows both.
struct Used {
    addr: &'static str,
    bound: Sock,
    listener: Sock,
    to: (&'static str, u16),
}

/// A process associated with [`WHOLE`] uses sockets on the addresses of [`LOST`]. Then
/// `change` is called with its pid and its association, and after that the process does
/// `next`.
fn after(change: impl FnOnce(i32, Target), next: impl FnOnce(&[Used])) {
    let (ready, go) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        go.receive();
        let used = Used::all(LOST);
        used.iter().for_each(Used::works);
        ready.send("");
        go.receive();
        next(&used);
    });
    let id = associate_process(child.pid(), WHOLE);
    go.send("");
    ready.receive();
    change(child.pid(), Target::Association(id));
    go.send("");
    child.succeeded();
}

fn nothing(_pid: i32, _id: Target) {}

impl Used {
    fn all(set: &'static [&'static str]) -> Vec<Self> {
        set.iter().map(|addr| Self::on(addr)).collect()
    }

    fn on(addr: &'static str) -> Self {
        let bound = Sock::for_ip(Proto::Udp, ip(addr));
        bound.bind((addr, 0)).expect("bind");
        let listener = Sock::serving(Proto::Tcp, (addr, 0));
        let to = if ip(addr).is_ipv4() { HOST4 } else { HOST6 };
        Self {
            addr,
            bound,
            listener,
            to: (to, 9),
        }
    }

    /// Twice: the gate permits the second time what it was told the first time.
    fn works(&self) {
        for _ in 0..2 {
            self.send().expect("send");
            self.listener.listen().expect("listen");
            let fresh = Sock::for_ip(Proto::Tcp, ip(self.addr));
            fresh.bind((self.addr, 0)).expect("bind");
        }
    }

    fn send(&self) -> io::Result<()> {
        self.bound.send_to(b"x", self.to)
    }

    /// Its address is another's.
    fn sends_nothing(&self) {
        refused(self.send());
        refused(self.listener.listen());
        refused(Sock::for_ip(Proto::Tcp, ip(self.addr)).bind((self.addr, 0)));
    }

    /// The socket is another's.
    fn is_lost(&self) {
        self.sends_nothing();
        refused(self.bound.receive().map(drop));
        refused(self.listener.accept().map(drop));
    }
}

fn refused(outcome: io::Result<()>) {
    let errno = outcome.expect_err("it is refused").raw_os_error();
    assert_eq!(errno, Some(EADDRNOTAVAIL));
}
