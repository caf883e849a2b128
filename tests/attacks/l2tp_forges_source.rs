// SPDX-License-Identifier: GPL-2.0

//! L2TP over IP is a protocol of its own. It sends packets from the address
//! that the program named.

use std::io;

use libc::{AF_INET, AF_INET6, EPROTONOSUPPORT, SOCK_DGRAM};

use super::packets::FORGED;
use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::Sock;

const IPPROTO_L2TP: i32 = 115;
/// The victim's tunnel.
const TUNNEL: u32 = 7;

pub fn tests() -> Vec<Test> {
    [
        ("v4", AF_INET, "10.0.0.2", HOST4),
        ("v6", AF_INET6, "2001:db8::2", HOST6),
    ]
    .map(|(family, domain, source, to)| {
        refusal(
            format!("{family}_l2tp_does_not_send_from_anothers_address"),
            ONE,
            EPROTONOSUPPORT,
            move || {
                let victim = Sock::new(domain, SOCK_DGRAM, IPPROTO_L2TP).expect("L2TP");
                victim.bind(end(to, TUNNEL)).expect("bind");
                Box::new(move || {
                    let sock = Sock::new(domain, SOCK_DGRAM, IPPROTO_L2TP)?;
                    sock.bind(end(source, TUNNEL + 1))?;
                    // A control message of version 3.
                    let mut data = vec![0xc8, 3, 0, 0];
                    data.extend(TUNNEL.to_be_bytes());
                    data.extend(FORGED);
                    sock.send_to(&data, end(to, TUNNEL))?;
                    let (data, from) = victim.receive()?;
                    assert_eq!(from.ip(), ip(source));
                    if data.ends_with(FORGED) {
                        Ok(())
                    } else {
                        Err(io::Error::other("the victim received something else"))
                    }
                })
            },
        )
    })
    .into()
}

/// struct sockaddr_l2tpip and sockaddr_l2tpip6: as those of other internet
/// protocols, with the tunnel's number after the address.
pub fn end(addr: &str, tunnel: u32) -> Addr {
    let addr = Addr::from((addr, 0));
    let (len, at) = match addr.family() {
        AF_INET => (16, 8),
        _ => (32, 28),
    };
    let mut bytes = addr.resized(len).bytes().to_vec();
    bytes[at..at + 4].copy_from_slice(&tunnel.to_ne_bytes());
    Addr::raw(&bytes)
}
