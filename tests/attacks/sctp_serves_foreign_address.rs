// SPDX-License-Identifier: GPL-2.0

//! An SCTP socket can have several addresses, which it gets through special
//! calls.

use std::io;
use std::os::fd::AsFd;

use libc::{AF_INET, AF_INET6, EPROTONOSUPPORT, IPPROTO_SCTP, SOCK_SEQPACKET, SOCK_STREAM};

use crate::addr::{ip, Addr, HOST4, ONE};
use crate::child::Child;
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;

// include/uapi/linux/sctp.h
const SCTP_SOCKOPT_BINDX_ADD: i32 = 100;
const SCTP_SOCKOPT_CONNECTX: i32 = 110;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, addr) in [("v4", AF_INET, "10.0.0.2"), ("v6", AF_INET6, "2001:db8::2")] {
        for (what, kind) in [("one_to_one", SOCK_STREAM), ("one_to_many", SOCK_SEQPACKET)] {
            tests.push(refusal(
                format!("{family}_sctp_{what}_does_not_serve_anothers_address"),
                ONE,
                EPROTONOSUPPORT,
                move || {
                    Box::new(move || {
                        let sock = Sock::new(domain, kind, IPPROTO_SCTP)?;
                        sock.serve(Proto::Tcp, (addr, 80))?;
                        get_secret(&sock, kind, addr)
                    })
                },
            ));
        }
    }
    tests.extend([
        refusal(
            "sctp_bindx_does_not_add_anothers_address",
            ONE,
            EPROTONOSUPPORT,
            || {
                Box::new(|| {
                    let sock = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP)?;
                    sock.bind(("10.0.0.1", 80))?;
                    bindx(&sock, "10.0.0.2")?;
                    sock.listen()?;
                    get_secret(&sock, SOCK_STREAM, "10.0.0.2")
                })
            },
        ),
        refusal(
            "sctp_connectx_does_not_connect_from_anothers_address",
            ONE,
            EPROTONOSUPPORT,
            || {
                let server = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP");
                server.serve(Proto::Tcp, (HOST4, 80)).expect("serve");
                Box::new(move || {
                    let sock = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP)?;
                    bindx(&sock, "10.0.0.2")?;
                    let to = Addr::from((HOST4, 80));
                    set_option_bytes(
                        sock.as_fd(),
                        IPPROTO_SCTP,
                        SCTP_SOCKOPT_CONNECTX,
                        to.bytes(),
                    )?;
                    let (_, from) = server.accept()?;
                    assert_eq!(from.ip(), ip("10.0.0.2"));
                    Ok(())
                })
            },
        ),
    ]);
    tests
}

pub fn bindx(sock: &Sock, addr: &str) -> io::Result<()> {
    let addr = Addr::from((addr, 80));
    set_option_bytes(
        sock.as_fd(),
        IPPROTO_SCTP,
        SCTP_SOCKOPT_BINDX_ADD,
        addr.bytes(),
    )
}

/// Gets the secret of a client that trusts any server at this address.
fn get_secret(server: &Sock, kind: i32, addr: &'static str) -> io::Result<()> {
    let client = Child::spawn(|| {
        let domain = Addr::from((addr, 80)).family();
        let client = Sock::new(domain, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP");
        client.connect((addr, 80)).expect("connect");
        client.send(b"password").expect("send");
        client.receive().expect("the end");
    });
    let connection = match kind {
        SOCK_STREAM => Some(server.accept()?.0),
        _ => None,
    };
    let (data, from) = connection.as_ref().unwrap_or(server).receive()?;
    match connection {
        Some(connection) => drop(connection),
        None => server.send_to(b"bye", from)?,
    }
    client.succeeded();
    if data == b"password" {
        Ok(())
    } else {
        Err(io::Error::other("the server received something else"))
    }
}
