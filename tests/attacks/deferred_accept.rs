// SPDX-License-Identifier: GPL-2.0

//! With `TCP_DEFER_ACCEPT` a connection stays a request of its listener until
//! data arrives. By then the listener's process may have been associated, or
//! the address taken from it.

use std::io;
use std::os::fd::AsFd;

use addrconf_abi::{Change, Target};
use libc::{IPPROTO_TCP, TCP_DEFER_ACCEPT};

use crate::addr::{ip, HOST4, HOST6, ONE, PAIRS};
use crate::child::{Channel, Child};
use crate::client::{associate, associate_process, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::runner::pace;
use crate::sock::{Proto, Sock};
use crate::spec::Kind;
use crate::sys::option::set_option;

use super::packets::SECRET;
use super::witness::{Eavesdrop, PORT};

/// How long a listener waits for data, in seconds: longer than a test lasts.
const DEFERRED: i32 = 60;

/// How long silence is observed, in milliseconds.
const SILENCE: i32 = 500;

/// How long data may take to arrive, in milliseconds, for [`pace`] 1.
const PATIENCE: i32 = 3000;

pub fn tests() -> Vec<Test> {
    let overhear = |name, open| Eavesdrop { name, open, speak };
    let mut tests: Vec<Test> = [
        overhear("a_listener_that_waits_for_data", || deferring(Kind::V4)),
        overhear("a_dual_stack_listener_that_waits_for_data", || {
            deferring(Kind::Dual)
        }),
    ]
    .into_iter()
    .flat_map(Eavesdrop::tests)
    .collect();
    for (family, own, host) in [("v4", "10.0.0.1", HOST4), ("v6", "2001:db8::1", HOST6)] {
        tests.extend(of_family(family, own, host));
    }
    tests
}

fn of_family(family: &str, own: &'static str, host: &'static str) -> Vec<Test> {
    let name = |what: &str| format!("{family}_data_for_a_listener_{what}");
    vec![
        everywhere(name("that_waits_for_it_is_heard"), move || {
            assert!(heard(&[], host, |_| {}, |_| {}));
        }),
        behaviour(name("of_before_is_not_heard_outside_the_set"), move || {
            assert!(!heard(&[], host, assign, |_| {}));
        }),
        behaviour(name("of_before_is_heard_in_the_set"), move || {
            assert!(heard(&[], own, assign, |_| {}));
        }),
        behaviour(
            name("assigned_meanwhile_is_not_heard_outside_the_set"),
            move || assert!(!heard(&[], host, |_| {}, assign)),
        ),
        behaviour(name("assigned_meanwhile_is_heard_in_the_set"), move || {
            assert!(heard(&[], own, |_| {}, assign))
        }),
        behaviour(
            name("is_not_heard_at_an_address_taken_meanwhile"),
            move || {
                assert!(!heard(PAIRS[0], own, |_| {}, |pid| take_away(pid, own)));
            },
        ),
        behaviour(name("is_heard_at_an_address_left_meanwhile"), move || {
            let other = if ip(own).is_ipv4() {
                "10.1.0.1"
            } else {
                "2001:db8:1::1"
            };
            assert!(heard(PAIRS[0], own, |_| {}, |pid| take_away(pid, other)));
        }),
    ]
}

/// Connects to addresses that are not the tenant's, and sends the secret.
fn speak() {
    for to in [HOST4, "10.0.0.2", "127.0.0.1", HOST6] {
        let sock = Sock::for_ip(Proto::Tcp, ip(to));
        if sock.connect((to, PORT)).is_ok() {
            let _ = sock.send(SECRET);
        }
    }
}

/// A wildcard listener that reports a connection only when it has data.
fn deferring(kind: Kind) -> io::Result<Sock> {
    let sock = kind.socket(Proto::Tcp);
    set_option(sock.as_fd(), IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFERRED)?;
    sock.serve(Proto::Tcp, (kind.any(), PORT)).map(|()| sock)
}

/// Whether a listener receives what is sent to `to`. Its process is associated
/// with `set` unless that is empty. `first` is done to the process once it
/// listens, `then` once there is a request without data.
fn heard(set: &[&str], to: &str, first: impl Fn(i32), then: impl Fn(i32)) -> bool {
    let (orders, told) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        if !set.is_empty() {
            associate(set);
        }
        let sock = deferring(Kind::Dual).expect("a listener");
        told.send("ready");
        orders.receive();
        assert!(
            !sock.has_input(SILENCE),
            "the listener reported a connection without data"
        );
        told.send("waiting");
        orders.receive();
        let heard = sock.has_input(PATIENCE * pace() as i32) && hears(&sock);
        told.send(if heard { "heard" } else { "nothing" });
    });
    told.receive();
    first(child.pid());
    let friend = Sock::for_ip(Proto::Tcp, ip(to));
    let connected = friend.connect((to, PORT));
    orders.send("");
    told.receive();
    then(child.pid());
    if connected.is_ok() {
        let _ = friend.send(SECRET);
    }
    orders.send("");
    let heard = told.receive() == "heard";
    child.succeeded();
    heard
}

fn hears(listener: &Sock) -> bool {
    let received = listener.accept().and_then(|(sock, _)| sock.receive());
    received.is_ok_and(|(data, _)| data == SECRET)
}

fn assign(pid: i32) {
    associate_process(pid, ONE);
}

fn take_away(pid: i32, addr: &str) {
    let removed = Device::open().update(Target::Pid(pid), Change::Remove, &[addr], false);
    removed.expect("remove");
}
