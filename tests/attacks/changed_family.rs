// SPDX-License-Identifier: GPL-2.0

//! `IPV6_ADDRFORM` turns an IPv6 socket that is connected to a mapped address
//! into an IPv4 one, and one that is not connected can be bound. While one
//! thread connects, converts and dissolves a socket, another binds it or sends
//! on it. What was decided for one family is then carried out by the other.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Barrier;
use std::thread;

use libc::{AF_INET, EADDRNOTAVAIL, IPPROTO_IPV6, IPV6_ADDRFORM};

use crate::addr::{ip, mapped, Addr, HOST4, ONE};
use crate::child::{as_tenant, in_child};
use crate::client::contains;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option;

use super::witness::{sources, Spoof, PORT};

/// How many sockets are raced on, for each form of an address.
const ROUNDS: usize = 50;

/// How often each is connected, converted and dissolved.
const CYCLES: usize = 8;

pub fn tests() -> Vec<Test> {
    let spoof = Spoof {
        name: "a_socket_that_became_v4",
        proto: Proto::Udp,
        at: HOST4,
        foreign: HOST4,
        prepare: |to| {
            let sock = Sock::v6(Proto::Udp);
            Box::new(move || {
                sock.connect((mapped(HOST4), to.port()))?;
                become_v4(&sock)?;
                sock.connect(Addr::unspecified(0))?;
                sock.send_to(b"x", to)
            })
        },
    };
    let mut tests = vec![
        refusal(
            "bind_of_a_socket_that_became_v4_outside_the_set_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                // The socket is made before the association, so that only
                // bind() is under test.
                let sock = Sock::v6(Proto::Udp);
                sock.connect((mapped("10.0.0.1"), 9)).expect("connect");
                become_v4(&sock).expect("IPV6_ADDRFORM");
                sock.connect(Addr::unspecified(0)).expect("dissolve");
                Box::new(move || sock.bind((HOST4, 5000)))
            },
        ),
        behaviour(
            "no_socket_is_bound_outside_the_set_while_it_becomes_v4",
            || {
                as_tenant(ONE, || {
                    let ends: Vec<_> = FORMS.into_iter().flat_map(bound_meanwhile).collect();
                    for end in &ends {
                        let bound = end.local.ip().to_canonical();
                        assert!(bound.is_unspecified() || contains(ONE, bound), "{bound}");
                    }
                    assert!(
                        ends.iter().any(|end| end.converted),
                        "no socket became IPv4"
                    );
                });
            },
        ),
        everywhere(
            "an_unassociated_socket_is_bound_anywhere_while_it_becomes_v4",
            || {
                for form in FORMS {
                    let there = bound_meanwhile(form).iter().any(End::is_v4_on_the_host);
                    assert!(there, "the attack failed: {:?}", form());
                }
            },
        ),
        behaviour(
            "nothing_reaches_another_loopback_while_a_socket_becomes_v4",
            || {
                let witness = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                as_tenant(ONE, || send_meanwhile(&witness.local()));
                assert!(sources(Proto::Udp, &witness).is_empty());
            },
        ),
        everywhere(
            "an_unassociated_message_reaches_any_loopback_while_a_socket_becomes_v4",
            || {
                let witness = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                in_child(|| send_meanwhile(&witness.local()));
                assert!(
                    !sources(Proto::Udp, &witness).is_empty(),
                    "the attack failed"
                );
            },
        ),
    ];
    tests.extend(spoof.tests());
    tests
}

/// The host's address as an IPv4 address, as a mapped one, and as an IPv4
/// address in the length of an IPv6 one.
const FORMS: [fn() -> Addr; 3] = [
    || Addr::from((HOST4, PORT)),
    || Addr::from((mapped(HOST4), PORT)),
    || Addr::from((HOST4, PORT)).resized(28),
];

/// The state of a socket after the race.
struct End {
    converted: bool,
    local: Addr,
}

impl End {
    fn is_v4_on_the_host(&self) -> bool {
        self.local.family() == AF_INET && self.local.ip() == ip(HOST4)
    }
}

/// Binds sockets while they are converted. Returns the state of each.
fn bound_meanwhile(form: fn() -> Addr) -> Vec<End> {
    let one = |_| {
        let sock = Sock::v6(Proto::Udp);
        let converted = race(&sock, || drop(sock.bind(form())));
        let local = sock.local();
        End { converted, local }
    };
    (0..ROUNDS).map(one).collect()
}

/// Sends to an IPv4 address whose family is AF_UNSPEC. An IPv6 socket takes
/// this for no address; an IPv4 socket takes the address in it.
fn send_meanwhile(to: &Addr) {
    let mut bytes = to.bytes().to_vec();
    bytes[..2].copy_from_slice(&[0, 0]);
    let to = Addr::raw(&bytes);
    let mut converted = false;
    for _ in 0..ROUNDS {
        let sock = Sock::v6(Proto::Udp);
        converted |= race(&sock, || drop(sock.send_to(b"x", to.clone())));
    }
    assert!(converted, "no socket became IPv4");
}

/// Connects, converts and dissolves `sock` while another thread runs `work` on
/// it. Returns whether the socket became an IPv4 one.
fn race(sock: &Sock, work: impl Fn() + Sync) -> bool {
    let (start, done) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            while !done.load(Ordering::Relaxed) {
                work();
            }
        });
        start.wait();
        let converted = (0..CYCLES).filter(|_| {
            let _ = sock.connect((mapped("10.0.0.1"), 9));
            let converted = become_v4(sock).is_ok();
            let _ = sock.connect(Addr::unspecified(0));
            converted
        });
        let converted = converted.count() > 0;
        done.store(true, Ordering::Relaxed);
        converted
    })
}

fn become_v4(sock: &Sock) -> io::Result<()> {
    set_option(sock.as_fd(), IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET)
}
