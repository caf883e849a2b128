// SPDX-License-Identifier: GPL-2.0

//! TCP connects two ends that request a connection from each other at the same
//! time, without a listener. A tenant requests one from the port of a service
//! to the port of its client, and waits: it drops the resets that say that
//! nobody is there, so that its request stays open. Over loopback everybody has
//! the same addresses, so the tenant would get the client.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use libc::{AF_INET, AF_INET6, ECONNREFUSED, EINPROGRESS};
use libc::{SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET};
use libc::{SO_ATTACH_FILTER, SO_LINGER, SO_REUSEADDR, SO_SNDTIMEO};

use crate::addr::{ip, Addr, ONE, TWO};
use crate::child::{as_tenant, spawn_tenant, Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, Test};
use crate::runner::pace;
use crate::server::ask_from;
use crate::sock::{Proto, Sock};
use crate::spec::{Kind, Spec};
use crate::sys::option::{attach_classic, set_option_bytes};
use crate::tenant::Tenant;

const SERVICE: u16 = 7000;
const CLIENT: u16 = 40000;

/// The secret that a client tells a service.
const SECRET: &[u8] = b"secret";

/// How long the attacker waits for what the client says, in milliseconds.
const WAIT: i32 = 4000;

/// How often the client and the service speak in turn while others connect and
/// reset.
const TURNS: u32 = 3000;

const LOOPBACKS: [(&str, &str); 2] = [("v4", "127.0.0.1"), ("v6", "::1")];

/// Drops segments with RST, so that a connection request stays open.
const DEAF_TO_RESETS: [(u16, u32); 5] = [
    (0x30, 13), // A = the flags of the segment
    (0x54, 4),  // A &= RST
    (0xa4, 4),  // A ^= RST
    (0x64, 16), // A <<= 16
    (0x16, 0),  // take A bytes: all or none
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, at) in LOOPBACKS {
        tests.extend([
            everywhere(
                format!("crossing_connections_on_{family}_loopback_works_within_one_host"),
                move || {
                    let (served, stolen) = crossed(at, &[], &[]);
                    assert_eq!((served, stolen), (false, true), "the attack failed");
                },
            ),
            behaviour(
                format!("a_tenant_crosses_no_connection_of_the_host_on_{family}_loopback"),
                move || assert_eq!(crossed(at, ONE, &[]), (true, false)),
            ),
            behaviour(
                format!("a_tenant_crosses_no_connection_of_another_on_{family}_loopback"),
                move || assert_eq!(crossed(at, ONE, TWO), (true, false)),
            ),
            behaviour(
                format!("the_host_crosses_no_connection_of_a_tenant_on_{family}_loopback"),
                move || assert_eq!(crossed(at, &[], ONE), (true, false)),
            ),
            behaviour(
                format!("crossing_connections_on_{family}_loopback_works_within_one_tenant"),
                move || as_tenant(ONE, || assert_eq!(crossed(at, &[], &[]), (false, true))),
            ),
            behaviour(
                format!("a_closed_port_of_the_own_{family}_loopback_refuses_at_once"),
                move || refuses_at_once(at),
            ),
            behaviour(
                format!("the_same_two_ends_on_{family}_loopback_are_everybodys_own"),
                move || same_ends(at),
            ),
            behaviour(
                format!("a_tenant_ends_no_connection_between_the_same_ends_of_{family}_loopback"),
                move || outlives_others(at),
            ),
        ]);
    }
    tests.push(behaviour(
        "a_client_on_the_hosts_loopback_reaches_a_dedicated_loopback_address",
        || {
            let tenant = Tenant::new(ONE);
            tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            let from = Addr::from(("127.0.0.1", CLIENT));
            let to = Addr::from((IpAddr::from(tenant.loopback), 80));
            let word = ask_from(from, Proto::Tcp, to);
            assert_eq!(word.expect("an answer"), "me");
        },
    ));
    tests
}

/// Runs a client and a service, associated with `others` (unassociated if that
/// is empty), beside an attacker. Returns whether the service gets what the
/// client sends, and whether the attacker does.
fn crossed(at: &'static str, attacker: &[&str], others: &[&str]) -> (bool, bool) {
    let (ready, go, stolen, served) = (
        Channel::new(),
        Channel::new(),
        Channel::new(),
        Channel::new(),
    );
    let attacker = Child::spawn(|| {
        if !attacker.is_empty() {
            associate(attacker);
        }
        let sock = lying_in_wait(at).expect("nothing refuses this");
        ready.send("");
        go.receive();
        let got = sock.has_input(WAIT) && sock.receive().is_ok_and(|(data, _)| data == SECRET);
        stolen.send(&got.to_string());
    });
    ready.receive();
    let others = Child::spawn(|| {
        if !others.is_empty() {
            associate(others);
        }
        let server = reusing(at);
        server.serve(Proto::Tcp, (at, SERVICE)).expect("serve");
        go.send("");
        let told = tell(at);
        let got = told.is_ok()
            && server.has_input(WAIT / 2)
            && server
                .accept()
                .and_then(|(connection, _)| connection.receive())
                .is_ok_and(|(data, _)| data == SECRET);
        served.send(&got.to_string());
        // The client's socket stays open until the attacker is done.
        ready.receive();
        drop(told);
    });
    let served = served.receive() == "true";
    let stolen = stolen.receive() == "true";
    ready.send("");
    others.succeeded();
    attacker.succeeded();
    (served, stolen)
}

/// The attacker's end: requests a connection where nobody is, and keeps
/// requesting it.
fn lying_in_wait(at: &str) -> io::Result<Sock> {
    let family = if ip(at).is_ipv4() { AF_INET } else { AF_INET6 };
    let sock = Sock::new(family, SOCK_STREAM | SOCK_NONBLOCK, 0)?;
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    attach_classic(sock.as_fd(), SO_ATTACH_FILTER, &DEAF_TO_RESETS)?;
    sock.bind((at, SERVICE))?;
    match sock.connect((at, CLIENT)) {
        Err(e) if e.raw_os_error() == Some(EINPROGRESS) => Ok(sock),
        other => panic!("connecting to nobody: {other:?}"),
    }
}

/// The client: connects to the service and tells it the secret.
fn tell(at: &str) -> io::Result<Sock> {
    let client = reusing(at);
    client.bind((at, CLIENT))?;
    // struct timeval: connect() waits for 3 seconds at most.
    let limit = [3_i64.to_ne_bytes(), [0; 8]].concat();
    set_option_bytes(client.as_fd(), SOL_SOCKET, SO_SNDTIMEO, &limit)?;
    client.connect((at, SERVICE))?;
    client.send(SECRET)?;
    Ok(client)
}

fn reusing(at: &str) -> Sock {
    let sock = Sock::for_ip(Proto::Tcp, ip(at));
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    sock
}

/// A tenant's own loopback refuses a connection at once where only others
/// listen.
fn refuses_at_once(at: &'static str) {
    let (host, other) = (Tenant::host(), Tenant::new(TWO));
    host.serve("host", Spec::at(Proto::Tcp, at, SERVICE));
    other.serve("other", Spec::at(Proto::Tcp, at, SERVICE));
    as_tenant(ONE, || {
        for _ in 0..10 {
            let sock = reusing(at);
            let began = Instant::now();
            let refused = sock.connect((at, SERVICE)).expect_err("nobody is there");
            assert_eq!(refused.raw_os_error(), Some(ECONNREFUSED));
            // A SYN without an answer would be repeated after a second.
            let limit = Duration::from_millis(900) * pace();
            assert!(began.elapsed() < limit, "{:?}", began.elapsed());
        }
    });
}

/// The host and two tenants each have a connection between the same two ends at
/// the same time, and each receives its own data on it.
fn same_ends(at: &'static str) {
    let everybody: [(&str, &[&str]); 3] = [("host", &[]), ("one", ONE), ("two", TWO)];
    let ready = Channel::new();
    let children = everybody.map(|(word, set)| {
        let go = Channel::new();
        let child = Child::spawn(|| {
            if !set.is_empty() {
                associate(set);
            }
            let server = reusing(at);
            server.serve(Proto::Tcp, (at, SERVICE)).expect("serve");
            ready.send("");
            go.receive();
            let client = tell(at).expect("the own service");
            let (connection, from) = server.accept().expect("accept");
            assert_eq!(from.internet(), (ip(at), CLIENT).into());
            assert_eq!(connection.receive().expect("receive").0, SECRET);
            ready.send("");
            go.receive();
            client.send(word.as_bytes()).expect("send");
            let heard = connection.receive().expect("receive").0;
            assert_eq!(heard, word.as_bytes());
            connection.send(word.as_bytes()).expect("send");
            let heard = client.receive().expect("receive").0;
            assert_eq!(heard, word.as_bytes());
            ready.send("");
            go.receive();
        });
        (child, go)
    });
    for _ in 0..3 {
        children.iter().for_each(|_| drop(ready.receive()));
        children.iter().for_each(|(_, go)| go.send(""));
    }
    for (child, _) in children {
        child.succeeded();
    }
}

/// A connection of the host survives while a tenant makes and resets
/// connections between the same two ends, again and again. A lookup that meets
/// another owner's connection while that is being made or ended continues to find
/// its own.
fn outlives_others(at: &'static str) {
    let (ready, enough, resets) = (Channel::new(), Channel::new(), Channel::new());
    let victim = Child::spawn(|| {
        let server = reusing(at);
        server.serve(Proto::Tcp, (at, SERVICE)).expect("serve");
        let client = tell(at).expect("the own service");
        let (connection, _) = server.accept().expect("accept");
        assert_eq!(connection.receive().expect("receive").0, SECRET);
        ready.send("");
        resets.await_line();
        for turn in 0..TURNS {
            for (from, to) in [(&client, &connection), (&connection, &client)] {
                from.send(SECRET)
                    .unwrap_or_else(|e| panic!("turn {turn}: send: {e}"));
                let heard = to.receive();
                let (heard, _) = heard.unwrap_or_else(|e| panic!("turn {turn}: receive: {e}"));
                assert_eq!(heard, SECRET, "turn {turn}");
            }
        }
    });
    ready.receive();
    let attacker = spawn_tenant(ONE, || {
        let server = reusing(at);
        server.serve(Proto::Tcp, (at, SERVICE)).expect("serve");
        let mut done = 0;
        while !enough.has_line() {
            let client = tell(at).expect("the own service");
            let (connection, _) = server.accept().expect("accept");
            // struct linger: close() sends a reset.
            let linger = [1_i32.to_ne_bytes(), [0; 4]].concat();
            set_option_bytes(client.as_fd(), SOL_SOCKET, SO_LINGER, &linger).expect("SO_LINGER");
            drop((client, connection));
            done += 1;
            if done == 1 {
                resets.send("");
            }
        }
        assert!(done > 10, "{done} connections");
    });
    victim.succeeded();
    enough.send("");
    attacker.succeeded();
}
