// SPDX-License-Identifier: GPL-2.0

//! A family or protocol that nobody thought of might be open. So all are tried:
//! an associated process can make the known sockets, and no others.

use std::io;

use libc::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, EAFNOSUPPORT, EPERM, EPROTONOSUPPORT, IPPROTO_ICMP,
    IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM,
};

use crate::addr::ONE;
use crate::client::associate;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::Sock;
use crate::sys::socket::socket_pair;

/// One more than the kernel has.
const FAMILIES: i32 = 48;
/// Up to `SOCK_PACKET`.
const TYPES: i32 = 11;
/// Up to `IPPROTO_MPTCP`.
const PROTOCOLS: i32 = 263;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("only_known_sockets_can_be_made", || {
            // Permits ping sockets.
            std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").expect("a range");
            associate(ONE);
            let mut made = Vec::new();
            for_all(
                |family, kind, protocol| match Sock::new(family, kind, protocol) {
                    Ok(_) => made.push((family, kind, protocol)),
                    Err(e) => {
                        if !uninteresting(family) {
                            assert!(denied(&e), "{family} {kind} {protocol}: {e}");
                        }
                    }
                },
            );
            made.retain(|(family, ..)| !uninteresting(*family));
            let known = [
                (AF_INET, SOCK_STREAM, 0),
                (AF_INET, SOCK_STREAM, IPPROTO_TCP),
                (AF_INET, SOCK_DGRAM, 0),
                (AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
                (AF_INET, SOCK_DGRAM, IPPROTO_UDP),
                (AF_INET6, SOCK_STREAM, 0),
                (AF_INET6, SOCK_STREAM, IPPROTO_TCP),
                (AF_INET6, SOCK_DGRAM, 0),
                (AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
                (AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
                // The kernel's cryptography.
                (libc::AF_ALG, SOCK_SEQPACKET, 0),
            ];
            assert_eq!(made, known);
        }),
        behaviour("only_unix_sockets_can_be_made_in_pairs", || {
            associate(ONE);
            for_all(|family, kind, protocol| {
                if socket_pair(family, kind, protocol).is_ok() {
                    assert_eq!(family, AF_UNIX, "{kind} {protocol}");
                }
            });
        }),
        // Sockets that the two above would find without the module.
        everywhere("unknown_sockets_can_be_made_by_a_host", || {
            for (family, kind, protocol) in [
                (libc::AF_PACKET, SOCK_RAW, 0),
                (AF_INET, SOCK_RAW, 77),
                (AF_INET, SOCK_STREAM, 262),
                (AF_INET, SOCK_SEQPACKET, 132),
                (libc::AF_TIPC, SOCK_STREAM, 0),
            ] {
                let made = Sock::new(family, kind, protocol);
                made.unwrap_or_else(|e| panic!("{family} {kind} {protocol}: {e}"));
            }
            socket_pair(libc::AF_TIPC, SOCK_STREAM, 0).expect("a pair");
        }),
    ]
}

/// Families that have nothing to do with addresses. Not all protocols of
/// netlink are tried, as the kernel looks for a module for each unknown one.
fn uninteresting(family: i32) -> bool {
    [AF_UNIX, AF_NETLINK].contains(&family)
}

/// Whether the module refused it, or the kernel does not know such a type.
fn denied(e: &io::Error) -> bool {
    [
        EPERM,
        EPROTONOSUPPORT,
        EAFNOSUPPORT,
        libc::EINVAL,
        libc::ESOCKTNOSUPPORT,
    ]
    .map(Some)
    .contains(&e.raw_os_error())
}

fn for_all(mut f: impl FnMut(i32, i32, i32)) {
    for family in -1..FAMILIES {
        for kind in 0..TYPES {
            for protocol in 0..PROTOCOLS {
                if family != AF_NETLINK || protocol == 0 {
                    f(family, kind, protocol);
                }
            }
        }
    }
}
