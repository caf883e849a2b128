// SPDX-License-Identifier: GPL-2.0

//! A tenant shares an address with others. It narrows itself, or dissolves a connection,
//! so that it is in nobody's way for a moment, and then wants the port of the others.

use std::net::IpAddr;

use libc::{EADDRINUSE, EADDRNOTAVAIL};

use crate::addr::{ip, Addr, HOST4};
use crate::child::{Channel, Child};
use crate::client::{associate, narrow};
use crate::crowd::Crowd;
use crate::registry::{behaviour, refusal, Test};
use crate::sock::{Proto, Proto::Udp, Sock};
use crate::spec::{Kind, Reuse, Spec};
use crate::tenant::Tenant;

use super::thief::who_answers;

/// What the attacker has, with an address of the victim's.
const BOTH: &[&str] = &["10.0.0.1", "10.1.0.1", "2001:db8::1", "2001:db8:1::1"];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (proto, reuse) in [
        (Proto::Tcp, Reuse::Port),
        (Udp, Reuse::Port),
        (Udp, Reuse::Addr),
    ] {
        for crowded in [false, true] {
            for (shared, nr) in [("v4", 1), ("v6", 3)] {
                let place = if crowded { "_in_a_crowd" } else { "" };
                let name = |what: &str| {
                    let (proto, reuse) = (proto.name(), reuse.name());
                    format!("{what}_takes_no_{proto}_port_on_{shared}_with_{reuse}{place}")
                };
                let theirs = Spec::wildcard(proto, Kind::Dual, 80).sharing(reuse);
                tests.extend([
                    refusal(name("a_tenant_that_narrows"), BOTH, EADDRINUSE, move || {
                        let crowd = crowded.then(|| Crowd::if_possible(&[80]));
                        let victim = Tenant::host();
                        victim.serve("victim", theirs);
                        Box::new(move || {
                            let _keep = (&crowd, &victim);
                            // An unassociated process has nothing to narrow.
                            let _ = narrow(&[BOTH[nr]], "");
                            theirs.open().map(drop)
                        })
                    }),
                    refusal(
                        name("a_tenant_that_narrows_with_a_socket"),
                        BOTH,
                        // A part may not use what its whole has.
                        EADDRNOTAVAIL,
                        move || {
                            let crowd = crowded.then(|| Crowd::if_possible(&[80]));
                            let victim = Tenant::host();
                            victim.serve("victim", Spec::at(proto, BOTH[nr], 80).sharing(reuse));
                            Box::new(move || {
                                let _keep = (&crowd, &victim);
                                let sock = Sock::v6(proto);
                                for option in [libc::SO_REUSEADDR, libc::SO_REUSEPORT] {
                                    sock.set(libc::SOL_SOCKET, option, 1);
                                }
                                let _ = narrow(&[BOTH[nr]], "");
                                sock.bind((Kind::Dual.any(), 80))
                            })
                        },
                    ),
                ]);
            }
        }
    }
    for (crowded, place) in [(false, ""), (true, "_in_a_crowd")] {
        tests.push(behaviour(
            format!("a_part_takes_nothing_of_another_owner_of_its_address{place}"),
            move || {
                let _crowd = crowded.then(|| Crowd::on(&[80]));
                part_against_owner();
            },
        ));
    }
    tests
}

/// A part that has the shared address only, and its whole, take nothing while another owner
/// of that address has the port.
fn part_against_owner() {
    let victim = Tenant::new(&["10.1.0.1", "10.0.0.2"]);
    let (go, told) = (Channel::new(), Channel::new());
    let thief = Child::spawn(|| {
        associate(BOTH);
        // Sockets of the whole, on what is not the victim's.
        let kept: Vec<Sock> = ["127.0.0.1", "10.0.0.1"]
            .map(|addr| Sock::serving(Udp, (addr, 80)))
            .into();
        let early = Sock::v4(Udp);
        told.send("");
        go.receive();
        let refused = |sock: &Sock, at: IpAddr, errnos: &[i32]| {
            let errno = sock.bind((at, 80)).expect_err("the victim has the port");
            let errno = errno.raw_os_error().expect("an errno");
            assert!(errnos.contains(&errno), "{at}: {errno}");
        };
        let attempt = |sock: &Sock, at: IpAddr| refused(sock, at, &[EADDRINUSE]);
        for at in [ip("0.0.0.0"), ip("10.1.0.1")] {
            attempt(&Sock::v4(Udp), at);
        }
        // Connecting elsewhere gives a socket another place, but not that port.
        early.connect((HOST4, 9)).expect("connect");
        early.connect(Addr::unspecified(0)).expect("dissolve");
        attempt(&early, ip("0.0.0.0"));
        narrow(&["10.1.0.1"], "").expect("narrow");
        for at in [ip("0.0.0.0"), ip("10.1.0.1")] {
            // It is the whole's.
            refused(&early, at, &[EADDRINUSE, EADDRNOTAVAIL]);
            attempt(&Sock::v4(Udp), at);
        }
        drop(kept);
        attempt(&Sock::v4(Udp), ip("0.0.0.0"));
        told.send("");
        go.receive();
    });
    told.receive();
    victim.serve("victim", Spec::wildcard(Udp, Kind::V4, 80));
    go.send("");
    told.receive();
    for addr in ["10.1.0.1", "10.0.0.2"] {
        assert_eq!(who_answers(Udp, addr, 80).as_deref(), Some("victim"));
    }
    go.send("");
    thief.succeeded();
}
