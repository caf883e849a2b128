// SPDX-License-Identifier: GPL-2.0

//! The set of an association changes while its servers run.

use std::io;

use addrconf_abi::{Change, Command, Target, UpdateRequest, MAX_STRUCT};
use libc::{E2BIG, EADDRNOTAVAIL, ECONNRESET, EEXIST, EINVAL, ENOENT, EPERM};

use crate::addr::{ip, HOST4, ONE, PAIRS, SEVERAL, TWO};
use crate::child::{as_tenant, in_child, within, Channel, Child};
use crate::client::{associate, entries, errno, Device};
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec, KINDS};
use crate::sys::capability::drop_capability;
use crate::tenant::{answer_is, no_answer, Tenant};

use super::control_malformed::encoded;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            tests.push(behaviour(
                format!(
                    "{}_{}_wildcard_follows_an_update",
                    proto.name(),
                    kind.name()
                ),
                move || follows(proto, kind),
            ));
        }
        tests.extend([
            behaviour(
                format!(
                    "{}_socket_on_a_removed_address_stops_to_serve",
                    proto.name()
                ),
                move || {
                    let tenant = Tenant::new(SEVERAL);
                    tenant.serve("me", Spec::at(proto, "10.0.0.1", 80));
                    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("no answer"), "me");
                    update(&tenant, Change::Remove, &["10.0.0.1"]);
                    nobody_answers(proto, ("10.0.0.1", 80));
                    // The socket does not conflict with one of the host.
                    drop(Sock::serving(proto, ("10.0.0.1", 80)));
                    update(&tenant, Change::Add, &["10.0.0.1"]);
                    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("no answer"), "me");
                },
            ),
            behaviour(
                format!("{}_source_follows_an_update", proto.name()),
                move || source_follows(proto),
            ),
            behaviour(
                format!("{}_loopback_is_there_after_an_update", proto.name()),
                move || {
                    let tenant = Tenant::new(ONE);
                    tenant.serve("me", Spec::at(proto, "127.0.0.1", 80));
                    update(&tenant, Change::Replace, TWO);
                    answer_is(&tenant, proto, "127.0.0.1", 80, "me");
                },
            ),
        ]);
    }
    tests.extend([
        behaviour("an_update_is_seen_in_a_query", || {
            let tenant = Tenant::new(ONE);
            let set_is = |set: &[&str]| {
                let found = Device::open().query(Target::Pid(tenant.pid()));
                assert_eq!(found.expect("query").addrs, entries(set));
            };
            update(&tenant, Change::Add, &["10.1.0.0/24", "10.0.0.2"]);
            set_is(&["10.0.0.1", "2001:db8::1", "10.1.0.0/24", "10.0.0.2"]);
            update(&tenant, Change::Remove, &["10.0.0.1", "10.1.0.0/24"]);
            set_is(&["2001:db8::1", "10.0.0.2"]);
            update(&tenant, Change::Replace, SEVERAL);
            set_is(SEVERAL);
        }),
        behaviour("an_update_that_makes_no_sense_changes_nothing", || {
            let tenant = Tenant::new(ONE);
            let device = Device::open();
            let fails = |change, set: &[&str], expected: i32| {
                let updated = device.update(Target::Association(tenant.id), change, set, false);
                let errno = updated.expect_err("the update is invalid").raw_os_error();
                assert_eq!(errno, Some(expected), "{change:?} {set:?}");
                let found = device.query(Target::Association(tenant.id));
                assert_eq!(found.expect("query").addrs, entries(ONE));
            };
            fails(Change::Add, &["10.0.0.2", "10.0.0.1"], EEXIST);
            fails(Change::Remove, &["10.0.0.1", "10.0.0.2"], ENOENT);
            fails(Change::Remove, ONE, EINVAL);
            fails(Change::Add, &["224.0.0.1"], EINVAL);
            for change in [Change::Add, Change::Remove, Change::Replace] {
                fails(change, &[], EINVAL);
            }
            let many: Vec<String> = (0..1024).map(|i| format!("2001:db8:2::{i:x}")).collect();
            let many: Vec<&str> = many.iter().map(String::as_str).collect();
            fails(Change::Add, &many, E2BIG);
        }),
        behaviour("a_malformed_update_is_invalid", || {
            let tenant = Tenant::new(ONE);
            let set = crate::client::entry_bytes(&entries(&["10.0.0.2"]));
            let valid = encoded(&UpdateRequest {
                target: Target::Association(tenant.id),
                reset: false,
                addrs: set.as_ptr() as u64,
                addr_count: 1,
                change: Change::Add,
                resets: 0,
            });
            let device = Device::open();
            for (at, byte) in [
                (0, 0),
                (0, 4),
                (4, 1),
                (4, 2),
                (7, 128),
                (24, 0),
                (28, 0),
                (28, 4),
            ] {
                let mut bytes = valid.clone();
                bytes[at] = byte;
                let result = device.call_bytes(Command::Update.number(), &mut bytes);
                assert_eq!(errno(result), EINVAL, "{byte} at {at}");
            }
            let found = device.query(Target::Association(tenant.id)).expect("query");
            assert_eq!(found.addrs, entries(ONE));
            let mut bytes = valid.clone();
            bytes.resize(MAX_STRUCT, 0);
            let result = device.call_bytes(Command::Update.number(), &mut bytes);
            assert_eq!(errno(result), 0, "the valid one");
        }),
        behaviour("updates_are_for_those_who_may_control", || {
            let tenant = Tenant::new(ONE);
            let target = Target::Association(tenant.id);
            let device = Device::open();
            let refused = || {
                let updated = device.update(target, Change::Add, &["10.0.0.2"], false);
                let errno = updated
                    .expect_err("the caller may not control")
                    .raw_os_error();
                assert_eq!(errno, Some(EPERM));
            };
            as_tenant(TWO, refused);
            in_child(|| {
                drop_capability(12).expect("capset");
                refused();
            });
            let gone = device.update(Target::Association(1 << 40), Change::Add, TWO, false);
            assert_eq!(
                gone.expect_err("no association has this id").raw_os_error(),
                Some(ENOENT)
            );
        }),
        behaviour("connections_on_a_removed_address_go_on", || {
            let (tenant, connections) = connected();
            assert_eq!(update(&tenant, Change::Remove, &["10.1.0.1"]), 0);
            nobody_answers(Proto::Tcp, ("10.1.0.1", 80));
            for connection in &connections {
                echoes(connection).expect("no echo");
            }
        }),
        behaviour(
            "connections_on_a_removed_address_are_reset_when_asked",
            || {
                let (tenant, connections) = connected();
                let resets = Device::open().update(
                    Target::Association(tenant.id),
                    Change::Remove,
                    &["10.1.0.1", "2001:db8:1::1"],
                    true,
                );
                assert_eq!(resets.expect("update"), 2);
                for connection in &connections {
                    let outcome = echoes(connection).map_err(|e| e.raw_os_error());
                    let addr = connection.peer().map(|peer| peer.ip());
                    match addr {
                        Ok(addr) if addr == ip("10.0.0.1") || addr == ip("2001:db8::1") => {
                            assert_eq!(outcome, Ok(()), "at {addr}");
                        }
                        _ => assert!(
                            matches!(
                                outcome,
                                Err(Some(ECONNRESET | libc::EPIPE | libc::ENOTCONN))
                            ),
                            "{outcome:?} at {addr:?}"
                        ),
                    }
                }
            },
        ),
        behaviour("connections_made_by_a_tenant_go_on_after_an_update", || {
            let server = Sock::serving(Proto::Tcp, (HOST4, 80));
            let (ready, go) = (Channel::new(), Channel::new());
            let tenant = Child::spawn(|| {
                let id = associate(SEVERAL);
                let sock = Sock::v4(Proto::Tcp);
                sock.connect((HOST4, 80)).expect("connect");
                ready.send(&id.to_string());
                go.receive();
                sock.send(b"still here").expect("send");
                assert_eq!(sock.receive().expect("receive").0, b"good");
                let bound = Sock::v4(Proto::Tcp).bind(("10.1.0.3", 0));
                let errno = bound.expect_err("the address was removed").raw_os_error();
                assert_eq!(errno, Some(EADDRNOTAVAIL));
            });
            let id = ready.receive().parse().expect("an id");
            let (connection, from) = server.accept().expect("accept");
            assert_eq!(from.ip(), ip("10.1.0.3"));
            let target = Target::Association(id);
            let updated = Device::open().update(target, Change::Remove, &["10.1.0.3"], false);
            assert_eq!(updated.expect("update"), 0);
            go.send("");
            assert_eq!(connection.receive().expect("receive").0, b"still here");
            connection.send(b"good").expect("send");
            tenant.succeeded();
        }),
        behaviour("an_update_is_never_seen_in_part", || {
            let tenant = Tenant::new(&["10.0.0.1", "10.0.0.2"]);
            let target = Target::Association(tenant.id);
            // Each set has the first address and one of two others.
            let done = Channel::new();
            let updater = Child::spawn(|| {
                let device = Device::open();
                for nr in 0..100 {
                    let other = ["10.0.0.2", "10.1.0.1"][nr % 2];
                    let set = ["10.0.0.1", other];
                    device
                        .update(target, Change::Replace, &set, false)
                        .expect("update");
                }
                done.send("");
            });
            tenant.serve("me", Spec::wildcard(Proto::Udp, Kind::V4, 80));
            let mut asked = 0;
            while !within(std::time::Duration::ZERO, || {
                crate::sys::watch::poll_readable([done.reader()], 0).expect("poll") == [true]
            }) {
                answer_is(&tenant, Proto::Udp, "10.0.0.1", 80, "me");
                asked += 1;
            }
            updater.succeeded();
            assert!(asked > 3, "asked only {asked} times: this proves nothing");
        }),
    ]);
    tests
}

/// Updates the set of a tenant without asking for resets. Returns the number of resets.
fn update(tenant: &Tenant, change: Change, set: &[&str]) -> u64 {
    let target = Target::Association(tenant.id);
    let updated = Device::open().update(target, change, set, false);
    updated.unwrap_or_else(|e| panic!("the update {change:?} {set:?} failed: {e}"))
}

fn follows(proto: Proto, kind: Kind) {
    let tenant = Tenant::new(&["10.0.0.1", "2001:db8::1"]);
    tenant.serve("me", Spec::wildcard(proto, kind, 80));
    let serves = |set: &[&str]| {
        for addr in PAIRS.concat().iter().map(|a| ip(a)) {
            if kind.takes(addr) && crate::client::contains(set, addr) {
                assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "me", "{addr}");
            } else {
                nobody_answers(proto, (addr, 80));
            }
        }
    };
    serves(ONE);
    update(&tenant, Change::Add, &["10.1.0.0/24", "2001:db8:1::1"]);
    serves(&["10.0.0.1", "10.1.0.0/24", "2001:db8::1", "2001:db8:1::1"]);
    update(&tenant, Change::Remove, &["10.0.0.1", "2001:db8:1::1"]);
    serves(&["10.1.0.0/24", "2001:db8::1"]);
    update(&tenant, Change::Replace, TWO);
    serves(TWO);
}

fn source_follows(proto: Proto) {
    let server = Sock::serving(proto, (HOST4, 80));
    let (ready, go) = (Channel::new(), Channel::new());
    let tenant = Child::spawn(|| {
        let id = associate(ONE);
        for _ in 0..2 {
            ready.send(&id.to_string());
            go.receive();
            let sock = Sock::v4(proto);
            sock.connect((HOST4, 80)).expect("connect");
            sock.send(b"x").expect("send");
        }
    });
    for from in ["10.0.0.1", "10.0.0.2"] {
        let id = ready.receive().parse().expect("an id");
        if from == TWO[0] {
            let updated =
                Device::open().update(Target::Association(id), Change::Replace, TWO, false);
            updated.expect("update");
        }
        go.send("");
        let seen = match proto {
            Proto::Tcp => server.accept().expect("accept").1,
            Proto::Udp => server.receive().expect("receive").1,
        };
        assert_eq!(seen.ip(), ip(from));
    }
    tenant.succeeded();
}

/// A tenant with a server, and connections to each of its addresses.
fn connected() -> (Tenant, Vec<Sock>) {
    let tenant = Tenant::new(PAIRS[0]);
    tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::Dual, 80));
    let connections = PAIRS[0].iter().map(|addr| {
        let sock = Sock::for_ip(Proto::Tcp, ip(addr));
        sock.connect((*addr, 80)).expect("connect");
        assert_eq!(sock.receive().expect("receive").0, b"me");
        echoes(&sock).expect("no echo");
        sock
    });
    let connections = connections.collect();
    no_answer(&tenant, Proto::Tcp, HOST4, 80, libc::ECONNREFUSED);
    (tenant, connections)
}

/// Sends on a connection, and fails unless the other side sends it back.
fn echoes(sock: &Sock) -> io::Result<()> {
    sock.send(b"echo")?;
    match sock.receive()? {
        (data, _) if data == b"echo" => Ok(()),
        _ => Err(io::Error::from_raw_os_error(ECONNRESET)),
    }
}
