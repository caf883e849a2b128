// SPDX-License-Identifier: GPL-2.0

//! SMC makes a TCP socket in the kernel, which takes whatever address it is
//! given.

use std::io;

use libc::{AF_INET, AF_INET6, EAFNOSUPPORT, EPROTONOSUPPORT, SOCK_STREAM};

use crate::addr::{ip, HOST4, ONE};
use crate::child::Child;
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock};

pub const AF_SMC: i32 = 43;
const SMCPROTO_SMC6: i32 = 1;
const IPPROTO_SMC: i32 = 256;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, domain, protocol, addr, errno) in [
        ("smc", AF_SMC, 0, "10.0.0.2", EAFNOSUPPORT),
        ("smc6", AF_SMC, SMCPROTO_SMC6, "2001:db8::2", EAFNOSUPPORT),
        (
            "smc_over_inet",
            AF_INET,
            IPPROTO_SMC,
            "10.0.0.2",
            EPROTONOSUPPORT,
        ),
        (
            "smc_over_inet6",
            AF_INET6,
            IPPROTO_SMC,
            "2001:db8::2",
            EPROTONOSUPPORT,
        ),
    ] {
        tests.push(refusal(
            format!("{what}_does_not_serve_anothers_address"),
            ONE,
            errno,
            move || serve(domain, protocol, addr),
        ));
    }
    tests.push(refusal(
        "smc_does_not_connect_from_anothers_address",
        ONE,
        EAFNOSUPPORT,
        || {
            let server = Sock::serving(Proto::Tcp, (HOST4, 80));
            Box::new(move || {
                let sock = Sock::new(AF_SMC, SOCK_STREAM, 0)?;
                sock.bind(("10.0.0.2", 0))?;
                sock.connect((HOST4, 80))?;
                let (_, from) = server.accept()?;
                assert_eq!(from.ip(), ip("10.0.0.2"));
                Ok(())
            })
        },
    ));
    tests
}

/// A client that knows only TCP is served with TCP.
fn serve(domain: i32, protocol: i32, addr: &'static str) -> Attack {
    Box::new(move || {
        let sock = Sock::new(domain, SOCK_STREAM, protocol)?;
        sock.serve(Proto::Tcp, (addr, 80))?;
        let client = Child::spawn(|| {
            let client = Sock::for_ip(Proto::Tcp, ip(addr));
            client.connect((addr, 80)).expect("connect");
            client.send(b"password").expect("send");
            // The client ends only after the server has read.
            client.receive().expect("the end");
        });
        let (connection, _) = sock.accept()?;
        let (data, _) = connection.receive()?;
        drop(connection);
        client.succeeded();
        if data == b"password" {
            Ok(())
        } else {
            Err(io::Error::other("the server received something else"))
        }
    })
}
