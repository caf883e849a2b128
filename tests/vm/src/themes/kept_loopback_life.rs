// SPDX-License-Identifier: GPL-2.0

//! What follows from a loopback that a part keeps. The part's connections are those of one host,
//! they go on when the association with the loopback loses processes and addresses, and the stack's
//! index finds the part's sockets.

use addrconf_abi::{Change, Target};
use libc::EADDRNOTAVAIL;

use crate::addr::{Addr, HOST4, PAIRS};
use crate::child::{as_tenant, eventually, in_child, Channel, Child};
use crate::client::{associate, narrow, narrow_keeping, Device};
use crate::crowd::Crowd;
use crate::registry::{behaviour, Test};
use crate::server::{ask_from, nobody_answers, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::tenant::{answer_is, Tenant};

use super::kept_loopback::{in_use, member, Family, OTHER, PART};

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS.into_iter().map(in_a_crowd).collect();
    tests.extend([
        behaviour(
            "a_part_answers_its_whole_at_whatever_address_it_asks_from",
            || {
                as_tenant(PAIRS[0], || {
                    let server = Server::start(&[], "part", Proto::Tcp, || {
                        narrow_keeping(PART, "").expect("narrow");
                        Spec::at(Proto::Tcp, "127.0.0.1", 80).open()
                    });
                    for from in ["10.0.0.1", "10.1.0.1", "127.0.1.1"] {
                        let answer = ask_from((from, 0).into(), Proto::Tcp, server.local().clone());
                        assert_eq!(answer.expect("an answer"), "part", "{from}");
                    }
                });
            },
        ),
        behaviour(
            "a_connection_on_a_kept_loopback_is_one_for_whole_and_part",
            || {
                as_tenant(PAIRS[0], || {
                    let _server = Sock::serving(Proto::Tcp, ("127.0.0.1", 80));
                    let client = || {
                        let sock = Sock::v4(Proto::Tcp);
                        sock.set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
                        sock.bind(("127.0.0.1", 5001)).expect("bind");
                        let connected = sock.connect(("127.0.0.1", 80));
                        connected.map(|()| sock).map_err(|e| e.raw_os_error())
                    };
                    let _first = client().expect("connect");
                    in_child(|| {
                        narrow_keeping(PART, "").expect("narrow");
                        assert_eq!(client().err(), Some(Some(EADDRNOTAVAIL)));
                    });
                    // On a loopback of its own there is no such connection, nor a server.
                    in_child(|| {
                        narrow(PART, "").expect("narrow");
                        let _own = Sock::serving(Proto::Tcp, ("127.0.0.1", 80));
                        client().expect("connect");
                    });
                });
            },
        ),
        behaviour("the_choice_of_a_part_is_not_taken_for_its_wholes", choices),
        behaviour(
            "a_kept_loopback_outlasts_updates_and_processes_of_the_whole",
            lasts,
        ),
        behaviour(
            "what_a_released_part_served_is_not_on_the_hosts_loopback",
            || {
                let family = Family::new();
                let (device, shop) = (Device::open(), Target::Association(family.shop.id));
                family
                    .part
                    .serve("part", Spec::at(Proto::Tcp, "127.0.0.1", 80));
                assert_eq!(device.release(shop).expect("release"), 2);
                nobody_answers(Proto::Tcp, ("127.0.0.1", 80));
                let _host = Sock::serving(Proto::Tcp, ("127.0.0.1", 80));
                // What remains is on the loopback of the association, as for its own sockets.
                let later = member(&family.shop);
                in_use(&later, Spec::at(Proto::Tcp, "127.0.0.1", 80));
            },
        ),
    ]);
    tests
}

/// With very many sockets on a port, the stack looks only where the index says.
fn in_a_crowd(proto: Proto) -> Test {
    let name = format!("{}_a_kept_loopback_is_found_in_a_crowd", proto.name());
    behaviour(name, move || {
        let _crowd = Crowd::on(&[80]);
        let at = |addr: &str| Spec::at(proto, addr, 80);
        let any = Spec::wildcard(proto, Kind::Dual, 80);
        let asks = |who: &Tenant, word: &str| {
            for addr in ["127.0.0.1", "127.0.1.1", "::1"] {
                answer_is(who, proto, addr, 80, word);
            }
        };
        let family = Family::new();
        let (whole, part) = (&family.whole, &family.part);
        for (server, client, word) in [(whole, part, "whole"), (part, whole, "part")] {
            server.serve(word, any);
            asks(client, word);
            asks(server, word);
            for spec in [any, at("127.0.0.1"), at("127.0.1.1"), at("::1")] {
                in_use(client, spec);
            }
            server.close(word);
            for addr in ["127.0.0.1", "127.0.1.1", "::1"] {
                server.serve(word, at(addr));
                in_use(client, at(addr));
            }
            in_use(client, any);
            asks(client, word);
            server.close(word);
        }
    })
}

/// Who has the loopback may go: processes, and addresses.
fn lasts() {
    let family = Family::new();
    let Family { whole, part, shop } = family;
    let other = member(&shop);
    other.narrow_keeping(OTHER).expect("narrow");
    part.serve("part", Spec::at(Proto::Tcp, "127.0.0.1", 80));
    let updated = Device::open().update(
        Target::Association(shop.id),
        Change::Replace,
        &["10.0.0.2"],
        true,
    );
    updated.expect("update");
    // Neither has an address any more.
    answer_is(&whole, Proto::Tcp, "127.0.0.1", 80, "part");
    answer_is(&other, Proto::Tcp, "127.0.0.1", 80, "part");
    drop(whole);
    answer_is(&other, Proto::Tcp, "127.0.0.1", 80, "part");
    let later = member(&shop);
    answer_is(&later, Proto::Tcp, "127.0.0.1", 80, "part");
    drop(part);
    let free = || later.open("later", Spec::at(Proto::Tcp, "127.0.0.1", 80));
    eventually("the port to be free", || free().is_ok());
    answer_is(&other, Proto::Tcp, "127.0.0.1", 80, "later");
}

/// The gate remembers choices by scope, which whole and part have in common.
fn choices() {
    let host = Sock::serving(Proto::Udp, (HOST4, 0));
    let to: Addr = host.local();
    let (go, told) = (Channel::new(), Channel::new());
    let set = ["10.0.0.1", "10.1.0.1", "10.1.0.3"];
    let tenant = Child::spawn(|| {
        associate(&set);
        let ask = |word: &[u8]| {
            for _ in 0..8 {
                let sock = Sock::v4(Proto::Udp);
                sock.send_to(word, to.clone()).expect("send");
            }
        };
        ask(b"whole");
        in_child(|| {
            narrow_keeping(&set[1..], "").expect("narrow");
            ask(b"part");
        });
        ask(b"whole");
        told.send("");
        go.receive();
    });
    told.receive();
    for _ in 0..24 {
        let (word, from) = host.receive().expect("receive");
        let expected = if word == b"part" { set[1] } else { set[0] };
        assert_eq!(from.ip(), crate::addr::ip(expected));
    }
    go.send("");
    tenant.succeeded();
}
