// SPDX-License-Identifier: GPL-2.0

//! An SCTP connection gets addresses while it lives (RFC 5061). Its peer learns
//! of them, and sends there.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use libc::{AF_INET, EADDRNOTAVAIL, EPERM, EPROTONOSUPPORT, IPPROTO_SCTP, SOCK_STREAM};

use super::sctp_serves_foreign_address::bindx;
use super::wire::Wire;
use crate::addr::{ip, Addr, HOST4, ONE};
use crate::child::{stay, within, Channel, Child};
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;

// include/uapi/linux/sctp.h
const SCTP_SET_PEER_PRIMARY_ADDR: i32 = 5;
/// The kind of a chunk with data.
const DATA: u8 = 0;

const ANOTHERS: &str = "10.0.0.2";

/// How long the peer may take to confirm an address, and to do what it is asked.
const PATIENCE: Duration = Duration::from_secs(5);

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "sctp_adds_no_address_to_a_connection",
            ONE,
            EPROTONOSUPPORT,
            || {
                let peer = Peer::start();
                Box::new(move || {
                    let sock = connected()?;
                    bindx(&sock, ANOTHERS)?;
                    peer.speaks_to_another("something")
                })
            },
        ),
        refusal(
            "an_sctp_connection_of_before_gets_no_address",
            ONE,
            EPERM,
            || {
                let peer = Peer::start();
                let sock = connected().expect("connect before");
                Box::new(move || {
                    bindx(&sock, ANOTHERS)?;
                    peer.speaks_to_another("something")
                })
            },
        ),
        refusal(
            "an_sctp_connection_of_before_prefers_no_other_address",
            ONE,
            EPERM,
            || {
                let peer = Peer::start();
                let sock = connected().expect("connect before");
                bindx(&sock, ANOTHERS).expect("bind before");
                Box::new(move || {
                    prefer(&sock)?;
                    peer.speaks_to_another("data")
                })
            },
        ),
    ]
}

/// The peer, which learns of addresses and watches what is sent to another's.
struct Peer {
    _child: Child,
    go: Channel,
    told: Channel,
}

impl Peer {
    fn start() -> Self {
        for name in ["addip_enable", "addip_noauth_enable"] {
            fs::write(format!("/proc/sys/net/sctp/{name}"), "1").expect("sysctl");
        }
        let (go, told) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let wire = Wire::watched_for(HOST4);
            let server = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP");
            server.serve(Proto::Tcp, (HOST4, 81)).expect("serve");
            told.send("");
            let (connection, _) = server.accept().expect("accept");
            let enough = go.receive();
            let mut seen = "nothing";
            // The request of the other end may still be on its way.
            within(PATIENCE, || {
                connection.send(b"x").expect("send");
                seen = to_another(&wire);
                seen == enough || seen == "data"
            });
            told.send(seen);
            stay();
        });
        told.receive();
        Self {
            _child: child,
            go,
            told,
        }
    }

    /// Makes the peer send until this much is sent to another's address. Fails
    /// when that does not happen.
    fn speaks_to_another(&self, much: &str) -> io::Result<()> {
        self.go.send(much);
        match self.told.receive() {
            said if said == much || said == "data" => Ok(()),
            said => Err(io::Error::other(format!(
                "the peer sends {said} to {ANOTHERS}"
            ))),
        }
    }
}

/// What is sent to another's address.
fn to_another(wire: &Wire) -> &'static str {
    let mut packets = wire.packets();
    packets.retain(|p| p.protocol() == IPPROTO_SCTP && p.destination() == ip(ANOTHERS));
    // The first chunk is behind ports, tag and checksum.
    if packets.iter().any(|p| p.content().get(12) == Some(&DATA)) {
        "data"
    } else if packets.is_empty() {
        "nothing"
    } else {
        "something"
    }
}

/// A connection to the peer.
fn connected() -> io::Result<Sock> {
    let sock = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP)?;
    // The port that `bindx` uses.
    sock.bind((ONE[0], 80))?;
    sock.connect((HOST4, 81))?;
    Ok(sock)
}

/// Makes the peer send to another's address.
fn prefer(sock: &Sock) -> io::Result<()> {
    // struct sctp_setpeerprim: connection, struct sockaddr_storage
    let addr = Addr::from((ANOTHERS, 80)).resized(128);
    let request = [&[0; 4], addr.bytes()].concat();
    let mut outcome = Ok(());
    within(PATIENCE, || {
        let name = SCTP_SET_PEER_PRIMARY_ADDR;
        outcome = set_option_bytes(sock.as_fd(), IPPROTO_SCTP, name, &request);
        // The peer has not confirmed the address yet.
        !matches!(&outcome, Err(e) if e.raw_os_error() == Some(EADDRNOTAVAIL))
    });
    outcome
}
