// SPDX-License-Identifier: GPL-2.0

//! `socket()`: which sockets an associated task may create at all. A kind of socket
//! that no other decision is known to cover is refused.

use super::verdict::Refusal;

// include/linux/socket.h
const AF_UNIX: i32 = 1;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const AF_NETLINK: i32 = 16;
const AF_PACKET: i32 = 17;
const AF_ALG: i32 = 38;

// include/linux/net.h
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;

// include/uapi/linux/in.h, in6.h, icmpv6.h
const IPPROTO_IP: i32 = 0;
const IPPROTO_ICMP: i32 = 1;
const IPPROTO_TCP: i32 = 6;
const IPPROTO_UDP: i32 = 17;
const IPPROTO_ICMPV6: i32 = 58;

/// `SOCK_RAW` of `include/linux/net.h`.
pub const SOCK_RAW: i32 = 3;

/// Decides `socket(family, type, protocol)`; `kind` is the type without flags. `raw`:
/// whether the association may have raw sockets.
///
/// # Errors
///
/// * [`Refusal::KindNotCovered`] for raw and packet sockets, which can receive and send
///   arbitrary packets;
/// * [`Refusal::ProtocolNotCovered`] for other Internet protocols (MPTCP, SCTP, SMC
///   over `AF_INET`, ...): on this errno Go and others fall back to TCP;
/// * [`Refusal::FamilyNotCovered`] for other families.
pub fn create(family: i32, kind: i32, protocol: i32, raw: bool) -> Result<(), Refusal> {
    match (family, kind, protocol) {
        // None of them has addresses of the network: the last is the kernel's cryptography.
        (AF_UNIX | AF_NETLINK | AF_ALG, _, _) => Ok(()),
        (AF_INET | AF_INET6, SOCK_RAW, _) if raw => Ok(()),
        (AF_PACKET, _, _) | (AF_INET | AF_INET6, SOCK_RAW, _) => Err(Refusal::KindNotCovered),
        (AF_INET | AF_INET6, SOCK_STREAM, IPPROTO_IP | IPPROTO_TCP)
        | (AF_INET | AF_INET6, SOCK_DGRAM, IPPROTO_IP | IPPROTO_UDP)
        | (AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
        | (AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6) => Ok(()),
        (AF_INET | AF_INET6, _, _) => Err(Refusal::ProtocolNotCovered),
        _ => Err(Refusal::FamilyNotCovered),
    }
}
