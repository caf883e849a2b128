// SPDX-License-Identifier: GPL-2.0

//! Connections in TIME_WAIT keep a port busy for their own tenant, and not for tenants
//! that they cannot meet.

use std::fs;
use std::net::IpAddr;

use libc::EADDRINUSE;

use super::ports::outcome;
use crate::addr::{ip, PAIRS};
use crate::child::{eventually, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::spec::{Kind, Reuse, Spec};
use crate::tenant::Tenant;

pub fn tests() -> Vec<Test> {
    let mut tests = vec![behaviour(
        "waiting_connections_are_in_the_way_of_their_own_tenant_only",
        waiting_connections,
    )];
    for (family, loopback) in [("v4", "127.0.0.1"), ("v6", "::1")] {
        tests.extend([
            behaviour(
                format!("a_connection_that_waits_on_{family}_loopback_is_in_nobodys_way"),
                move || waiting_on_loopback(ip(loopback), &Assignment::DEFAULT),
            ),
            behaviour(
                format!("a_connection_that_waits_on_{family}_loopback_of_who_is_exclusive_too"),
                move || waiting_on_loopback(ip(loopback), &Assignment::EXCLUSIVE),
            ),
            everywhere(
                format!("a_connection_that_waits_on_{family}_loopback_is_in_everybodys_way"),
                move || {
                    wait_on_loopback(ip(loopback));
                    await_waiting(ip(loopback));
                    let server = Spec::at(Proto::Tcp, ip(loopback), WAITING);
                    assert_eq!(
                        outcome(Tenant::host().open("host", server)),
                        Err(EADDRINUSE)
                    );
                },
            ),
        ]);
    }
    tests
}

/// A connection in TIME_WAIT keeps its address and port busy for its own tenant and for
/// the host, as on any host, and for no other tenant.
fn waiting_connections() {
    let tenants = PAIRS.map(Tenant::new);
    let host = Tenant::host();
    let wildcard = Spec::wildcard(Proto::Tcp, Kind::V4, 80);
    // Most servers set SO_REUSEADDR, so that they can be restarted.
    let reuse = wildcard.sharing(Reuse::Addr);
    tenants[0].serve("a", reuse);
    let client = Sock::v4(Proto::Tcp);
    client.connect(("10.0.0.1", 80)).expect("connect");
    client.receive().expect("receive");
    // The server closes first, so its side is in TIME_WAIT.
    tenants[0].close("a");
    drop(client);
    eventually("a connection in TIME_WAIT", || {
        let table = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
        // 10.0.0.1:80 in state 6, TIME_WAIT.
        table
            .lines()
            .any(|l| l.contains(": 0100000A:0050 ") && l.contains(" 06 "))
    });
    assert_eq!(outcome(tenants[0].open("a", wildcard)), Err(EADDRINUSE));
    assert_eq!(outcome(host.open("host", wildcard)), Err(EADDRINUSE));
    assert_eq!(outcome(tenants[1].open("b", wildcard)), Ok(()));
    assert_eq!(outcome(tenants[0].open("a", reuse)), Ok(()));
}

/// The port of a connection in TIME_WAIT.
const WAITING: u16 = 1080;

/// Leaves a connection in TIME_WAIT on this address, of a server that does not share its
/// port.
fn wait_on_loopback(loopback: IpAddr) {
    let server = Sock::serving(Proto::Tcp, (loopback, WAITING));
    let client = Sock::for_ip(Proto::Tcp, loopback);
    client.connect((loopback, WAITING)).expect("connect");
    let (connection, _) = server.accept().expect("accept");
    // The server closes first, so its side is in TIME_WAIT.
    drop((server, connection));
    drop(client);
}

fn await_waiting(loopback: IpAddr) {
    let (table, local) = match loopback {
        IpAddr::V4(_) => ("/proc/net/tcp", ": 0100007F:0438 "),
        IpAddr::V6(_) => ("/proc/net/tcp6", ": 00000000000000000000000001000000:0438 "),
    };
    eventually("a connection in TIME_WAIT", || {
        let table = fs::read_to_string(table).expect(table);
        table
            .lines()
            .any(|l| l.contains(local) && l.contains(" 06 "))
    });
}

/// A connection in TIME_WAIT on private loopback keeps the port busy for its own tenant,
/// as on any host, but neither for other tenants nor for the host.
fn waiting_on_loopback(loopback: IpAddr, terms: &Assignment) {
    let kind = if loopback.is_ipv4() {
        Kind::V4
    } else {
        Kind::Dual
    };
    let specs = [
        Spec::wildcard(Proto::Tcp, kind, WAITING),
        Spec::at(Proto::Tcp, loopback, WAITING),
    ];
    let (go, said) = (Channel::new(), Channel::new());
    let waiting = Child::spawn(|| {
        go.receive();
        wait_on_loopback(loopback);
        go.receive();
        for spec in specs {
            assert_eq!(outcome(spec.open().map(drop)), Err(EADDRINUSE), "{spec:?}");
        }
        said.send("");
    });
    associate_with(waiting.pid(), PAIRS[0], terms);
    go.send("");
    await_waiting(loopback);
    for other in [Tenant::host(), Tenant::new(PAIRS[1])] {
        for spec in specs {
            assert_eq!(outcome(other.open("b", spec)), Ok(()), "{spec:?}");
            other.close("b");
        }
    }
    // The connection was in TIME_WAIT all the time.
    go.send("");
    said.receive();
    waiting.succeeded();
}
