// SPDX-License-Identifier: GPL-2.0

//! `IPV6_ADDRFORM` makes an IPv4 socket of an IPv6 one that is connected to a
//! mapped address, while another thread binds it or sends on it: what was
//! decided about one family is then done by the other.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Barrier;
use std::thread;

use libc::{AF_INET, EADDRNOTAVAIL, IPPROTO_IPV6, IPV6_ADDRFORM};

use crate::addr::{ip, mapped, Addr, HOST4, ONE};
use crate::child::{as_tenant, in_child};
use crate::client::contains;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::socket::set_option;

use super::witness::{sources, Spoof, PORT};

const ROUNDS: usize = 150;

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
                // As it was made before, this is about bind() alone.
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
                    for bound in bound_meanwhile() {
                        assert!(bound.is_unspecified() || contains(ONE, bound), "{bound}");
                    }
                });
            },
        ),
        everywhere(
            "an_unassociated_socket_is_bound_anywhere_while_it_becomes_v4",
            || assert!(bound_meanwhile().contains(&ip(HOST4)), "the attack failed"),
        ),
        behaviour(
            "nothing_reaches_another_loopback_while_a_socket_becomes_v4",
            || {
                let witness = Sock::serving(Proto::Udp, ("127.0.0.2", 0));
                as_tenant(ONE, || send_meanwhile(&witness.local()));
                assert!(sources(Proto::Udp, &witness).is_empty());
            },
        ),
        everywhere(
            "an_unassociated_message_reaches_any_loopback_while_a_socket_becomes_v4",
            || {
                let witness = Sock::serving(Proto::Udp, ("127.0.0.2", 0));
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

/// What sockets are bound to in the end that are bound meanwhile.
fn bound_meanwhile() -> Vec<IpAddr> {
    let one = |nr| {
        let sock = Sock::v6(Proto::Udp);
        race(&sock, || {
            let addr = match nr % 3 {
                0 => Addr::from((HOST4, PORT)),
                1 => Addr::from((mapped(HOST4), PORT)),
                _ => Addr::from((HOST4, PORT)).resized(28),
            };
            let _ = sock.connect(Addr::unspecified(0));
            let _ = sock.bind(addr);
        });
        sock.local().ip().to_canonical()
    };
    (0..ROUNDS).map(one).collect()
}

/// Sends to an IPv4 address of no family. On IPv6 that is no address; on IPv4
/// it is the one in it.
fn send_meanwhile(to: &Addr) {
    let mut bytes = to.bytes().to_vec();
    bytes[..2].copy_from_slice(&[0, 0]);
    let to = Addr::raw(&bytes);
    for _ in 0..ROUNDS {
        let sock = Sock::v6(Proto::Udp);
        race(&sock, || {
            for _ in 0..4 {
                let _ = sock.send_to(b"x", to.clone());
            }
        });
    }
}

/// Makes an IPv4 socket of `sock` while another thread works against it.
fn race(sock: &Sock, work: impl FnOnce() + Send) {
    let _ = sock.connect((mapped("10.0.0.1"), 9));
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            work();
        });
        start.wait();
        // It may have been dissolved already, or this may be refused.
        let _ = become_v4(sock);
    });
}

fn become_v4(sock: &Sock) -> io::Result<()> {
    set_option(sock.as_fd(), IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET)
}
