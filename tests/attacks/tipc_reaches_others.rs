// SPDX-License-Identifier: GPL-2.0

//! TIPC has names instead of IP addresses, and everybody may take and call any
//! name.

use libc::{AF_TIPC, EAFNOSUPPORT, SOCK_DGRAM, SOCK_RDM, SOCK_SEQPACKET, SOCK_STREAM};

use super::packets::{holds_secret, SECRET};
use crate::addr::{Addr, ONE};
use crate::registry::{refusal, Test};
use crate::sock::Sock;

// include/uapi/linux/tipc.h
const RANGE: u8 = 1;
const SERVICE: u8 = 2;
const NODE_SCOPE: u8 = 3;

pub fn tests() -> Vec<Test> {
    let mut tests = vec![refusal(
        "tipc_reaches_no_service_of_others",
        ONE,
        EAFNOSUPPORT,
        || {
            let server = Sock::new(AF_TIPC, SOCK_RDM, 0).expect("TIPC");
            server.bind(name(RANGE, 17)).expect("bind");
            Box::new(move || {
                let sock = Sock::new(AF_TIPC, SOCK_RDM, 0)?;
                sock.send_to(SECRET, name(SERVICE, 0))?;
                assert!(holds_secret(&server.receive()?.0));
                Ok(())
            })
        },
    )];
    for (what, kind) in [
        ("stream", SOCK_STREAM),
        ("datagram", SOCK_DGRAM),
        ("packet", SOCK_SEQPACKET),
    ] {
        tests.push(refusal(
            format!("a_tipc_{what}_socket_takes_no_name_of_others"),
            ONE,
            EAFNOSUPPORT,
            move || {
                Box::new(move || {
                    let sock = Sock::new(AF_TIPC, kind, 0)?;
                    sock.bind(name(RANGE, 17))
                })
            },
        ));
    }
    tests
}

/// struct sockaddr_tipc: service 5353, instance 17.
pub fn name(kind: u8, last: u32) -> Addr {
    let mut bytes = (AF_TIPC as u16).to_ne_bytes().to_vec();
    bytes.extend([kind, NODE_SCOPE]);
    for field in [5353, 17, last] {
        bytes.extend(field.to_ne_bytes());
    }
    Addr::raw(&bytes)
}
