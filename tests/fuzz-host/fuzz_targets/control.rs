// SPDX-License-Identifier: GPL-2.0

//! Checks control messages of any bytes against a model of how the kernel reads them:
//! `CMSG_OK()` and `__cmsg_nxthdr()` (`include/linux/socket.h`),
//! `ip_cmsg_send()` and `ip6_datagram_send_ctl()`.
//!
//! The first byte is the number of following bytes from which the owner is drawn.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::is_any;
use addrconf_policy::{routed, sources_allowed};
use libfuzzer_sys::fuzz_target;

/// What control messages ask the kernel for.
#[derive(Debug, Default)]
struct Reading {
    /// The sources that they ask for.
    sources: Vec<IpAddr>,
    /// Whether they ask for a source route, an extension header or a mark.
    route: bool,
    /// Whether they are malformed, so that the kernel refuses the message.
    refused: bool,
}

fn int(b: &[u8], at: usize) -> i32 {
    i32::from_ne_bytes(b[at..at + 4].try_into().expect("four bytes"))
}

fn kernel(b: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let size = b.len() as u64;
    let mut at = 0_usize;
    while at as u64 + 16 <= size {
        let len = u64::from_ne_bytes(b[at..at + 8].try_into().expect("eight bytes"));
        if len < 16 || len > size - at as u64 {
            reading.refused = true;
            break;
        }
        match (int(b, at + 8), int(b, at + 12)) {
            (0, 8) if len == 28 => {
                let addr: [u8; 4] = b[at + 20..at + 24].try_into().expect("four bytes");
                reading.sources.push(Ipv4Addr::from(addr).into());
            }
            (41, 2 | 50) if len >= 36 => {
                let addr: [u8; 16] = b[at + 16..at + 32].try_into().expect("sixteen bytes");
                reading.sources.push(Ipv6Addr::from(addr).into());
            }
            (0, 8) | (41, 2 | 50) => {
                reading.refused = true;
                break;
            }
            // SO_MARK chooses a routing table.
            (0, 7) | (1, 36) | (41, 3 | 4 | 5 | 54 | 55 | 57 | 59) => reading.route = true,
            _ => {}
        }
        at += ((len + 7) & !7) as usize;
    }
    reading
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else {
        return;
    };
    let (head, control) = bytes.split_at(bytes.len().min(first.into()));
    let owned = Bytes::new(head).owned();
    let reading = kernel(control);
    let fine = |a: &IpAddr| is_any(*a) || owned.has(*a);
    let allowed = sources_allowed(&owned.owner(), control);
    if allowed {
        assert!(reading.sources.iter().all(fine), "{reading:?}");
    } else {
        // Nothing valid is refused: the kernel refuses it as well, or a source is
        // foreign.
        assert!(reading.refused || !reading.sources.iter().all(fine));
    }
    if reading.route {
        assert!(routed(control));
    } else if routed(control) {
        assert!(reading.refused);
    }
});
