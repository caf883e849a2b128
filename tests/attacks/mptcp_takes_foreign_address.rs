// SPDX-License-Identifier: GPL-2.0

//! MPTCP works on TCP sockets that the kernel makes for it, which belong to
//! nobody.

use std::io;
use std::thread::sleep;
use std::time::Duration;

use libc::{AF_INET, AF_INET6, EPERM, EPROTONOSUPPORT, IPPROTO_MPTCP, SOCK_STREAM};

use crate::addr::{ip, ANY4, HOST4, ONE};
use crate::child::{Channel, Child};
use crate::client::{associate, Assignment};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Sock};
use crate::spec::{Kind, Spec};
use crate::tenant::{answer_is, Tenant};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, addr) in [("v4", AF_INET, "10.0.0.2"), ("v6", AF_INET6, "2001:db8::2")] {
        tests.extend([
            refusal(
                format!("{family}_mptcp_does_not_serve_anothers_address"),
                ONE,
                EPROTONOSUPPORT,
                move || {
                    Box::new(move || {
                        let sock = Sock::new(domain, SOCK_STREAM, IPPROTO_MPTCP)?;
                        sock.serve(Proto::Tcp, (addr, 80))?;
                        take(&sock, addr)
                    })
                },
            ),
            refusal(
                format!("{family}_mptcp_opened_before_does_not_serve_anothers_address"),
                ONE,
                EPERM,
                move || {
                    let sock = Sock::new(domain, SOCK_STREAM, IPPROTO_MPTCP).expect("MPTCP");
                    sock.serve(Proto::Tcp, (addr, 80)).expect("serve");
                    Box::new(move || take(&sock, addr))
                },
            ),
        ]);
    }
    tests.extend([
        everywhere("mptcp_of_a_host_serves_all_addresses", || {
            let _thief = thief(&[]);
            assert_eq!(ask(Proto::Tcp, ("10.0.0.2", 80)).expect("ask"), "thief");
        }),
        behaviour("mptcp_opened_before_does_not_serve_all_addresses", || {
            let _thief = thief(ONE);
            nobody_answers(Proto::Tcp, ("10.0.0.2", 80));
        }),
        behaviour(
            "mptcp_of_the_host_does_not_serve_exclusive_addresses",
            || {
                let _tenant = Tenant::with(ONE, &Assignment::EXCLUSIVE);
                let _host = thief(&[]);
                assert_eq!(ask(Proto::Tcp, (HOST4, 80)).expect("ask"), "thief");
                nobody_answers(Proto::Tcp, ("10.0.0.1", 80));
            },
        ),
        behaviour(
            "mptcp_of_the_host_leaves_the_port_to_exclusive_tenants",
            || {
                let tenant = Tenant::with(ONE, &Assignment::EXCLUSIVE);
                let _host = thief(&[]);
                tenant.serve("tenant", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
                let asker = Tenant::host();
                answer_is(&asker, Proto::Tcp, "10.0.0.1", 80, "tenant");
                answer_is(&asker, Proto::Tcp, HOST4, 80, "thief");
            },
        ),
    ]);
    tests
}

/// A process that opened an MPTCP socket before it was associated with `set`,
/// and then serves at every address it can.
fn thief(set: &[&str]) -> Child {
    let ready = Channel::new();
    let child = Child::spawn(|| {
        let sock = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_MPTCP).expect("MPTCP");
        if !set.is_empty() {
            associate(set);
        }
        let served = sock.serve(Proto::Tcp, (ANY4, 80));
        assert!(served.is_ok() || !set.is_empty(), "{served:?}");
        ready.send("");
        loop {
            match sock.accept() {
                Ok((connection, _)) => drop(connection.send(b"thief")),
                Err(_) => sleep(Duration::from_millis(10)),
            }
        }
    });
    ready.receive();
    child
}

/// Accepts a connection to an address of another.
fn take(server: &Sock, addr: &'static str) -> io::Result<()> {
    let _client = Child::spawn(|| {
        let client = Sock::for_ip(Proto::Tcp, ip(addr));
        client.connect((addr, 80)).expect("connect");
        client.send(b"password").expect("send");
        let _ = client.receive();
    });
    let (connection, _) = server.accept()?;
    let (data, _) = connection.receive()?;
    if data == b"password" {
        Ok(())
    } else {
        Err(io::Error::other("the server received something else"))
    }
}
