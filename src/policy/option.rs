// SPDX-License-Identifier: GPL-2.0

//! `setsockopt()`: which options an associated task may set on an IPv4 or IPv6
//! socket. What is not known to leave addresses alone is refused.
//!
//! Numbers: `include/uapi/asm-generic/socket.h`, `include/uapi/linux/{in,in6,
//! tcp,udp,icmpv6}.h`.

use super::verdict::Refusal;

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
const SOL_UDP: i32 = 17;
const SOL_IPV6: i32 = 41;
const SOL_ICMPV6: i32 = 58;
const SOL_RAW: i32 = 255;

/// What an option is to the rules.
enum Kind {
    /// It cannot give a socket an address, or a packet another way.
    Harmless,
    /// It shapes whole packets, as raw sockets do.
    Raw,
    /// It can.
    Dangerous,
    /// It joins a multicast group, or changes what a member wants to hear. The
    /// report of that leaves with the interface's address for every member, and
    /// draws traffic to the host.
    Membership,
    /// Not on any list.
    Unknown,
}

/// Decides a `setsockopt(level, name)`. `raw` tells that the association may
/// have raw sockets.
///
/// # Errors
///
/// * [`Refusal::NotPermitted`] for options that choose a source or a route, or
///   hand packets to somebody else;
/// * [`Refusal::NoDevice`] for joining a multicast group, as on a host without an
///   interface for that;
/// * [`Refusal::OptionNotKnown`] for what no list has, as on an older kernel.
pub fn option(level: i32, name: i32, raw: bool) -> Result<(), Refusal> {
    match kind(level, name) {
        Kind::Harmless => Ok(()),
        Kind::Membership => Err(Refusal::NoDevice),
        Kind::Raw if raw => Ok(()),
        Kind::Raw | Kind::Dangerous => Err(Refusal::NotPermitted),
        Kind::Unknown => Err(Refusal::OptionNotKnown),
    }
}

/// Decides a `getsockopt(level, name)` on a socket that is not the association's
/// own: what only tells, and changes nothing.
///
/// # Errors
///
/// * [`Refusal::NotAvailable`] for what is told once (`SO_ERROR`, `TCP_SAVED_SYN`),
///   so that the socket's owner would not hear of it, receives data, or is a
///   secret (`TCP_FASTOPEN_KEY`, `TCP_AO_GET_KEYS`);
/// * [`Refusal::OptionNotKnown`] for what no list has.
pub fn look(level: i32, name: i32) -> Result<(), Refusal> {
    match (level, name) {
        SO_ERROR | TCP_SAVED_SYN | TCP_ZEROCOPY_RECEIVE | TCP_FASTOPEN_KEY | TCP_AO_GET_KEYS => {
            Err(Refusal::NotAvailable)
        }
        _ if matches!(kind(level, name), Kind::Unknown) => Err(Refusal::OptionNotKnown),
        _ => Ok(()),
    }
}

/// Level and name of the option that tells why a socket failed, once
/// (`include/uapi/asm-generic/socket.h`).
pub const SO_ERROR: (i32, i32) = (SOL_SOCKET, 4);
const TCP_SAVED_SYN: (i32, i32) = (SOL_TCP, 28);
const TCP_ZEROCOPY_RECEIVE: (i32, i32) = (SOL_TCP, 35);
const TCP_FASTOPEN_KEY: (i32, i32) = (SOL_TCP, 33);
const TCP_AO_GET_KEYS: (i32, i32) = (SOL_TCP, 41);

fn kind(level: i32, name: i32) -> Kind {
    match level {
        SOL_SOCKET => of_socket(name),
        SOL_IP => of_ip(name),
        SOL_IPV6 => of_ipv6(name),
        SOL_TCP => of_tcp(name),
        SOL_UDP => of_udp(name),
        // ICMP_FILTER and ICMPV6_FILTER.
        SOL_RAW | SOL_ICMPV6 if name == 1 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}

fn of_socket(name: i32) -> Kind {
    match name {
        // SO_MARK chooses routes; SO_ATTACH_BPF and SO_ATTACH_REUSEPORT_EBPF
        // run what only others may load.
        36 | 50 | 52 => Kind::Dangerous,
        // Up to SO_PASSCRED.
        1..=16 => Kind::Harmless,
        // Limits and time, SO_BINDTODEVICE, SO_ATTACH_FILTER, time stamps.
        18..=21 | 25..=27 | 29 | 32..=35 | 37 => Kind::Harmless,
        // SO_RXQ_OVFL to SO_MAX_PACING_RATE.
        40..=47 => Kind::Harmless,
        // SO_INCOMING_CPU, SO_ATTACH_REUSEPORT_CBPF (a group is always of one
        // association), SO_CNX_ADVICE.
        49 | 51 | 53 => Kind::Harmless,
        // SO_PEERSEC, SO_MEMINFO, SO_COOKIE and their kin, which only tell: setting
        // them is ENOPROTOOPT all the same.
        17 | 28 | 30 | 31 | 38 | 39 | 48 | 55..=59 => Kind::Harmless,
        // SO_ZEROCOPY to SO_SNDTIMEO_NEW.
        60..=67 => Kind::Harmless,
        // SO_PREFER_BUSY_POLL, its budget; SO_RESERVE_MEM to SO_PASSRIGHTS.
        69 | 70 | 73..=83 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}

fn of_ip(name: i32) -> Kind {
    match name {
        // IP_HDRINCL
        3 => Kind::Raw,
        // IP_OPTIONS (source routes), IP_ROUTER_ALERT, IP_IPSEC_POLICY,
        // IP_XFRM_POLICY, IP_TRANSPARENT; routers and packet filters.
        4 | 5 | 16 | 17 | 19 | 64..=96 | 200..=220 => Kind::Dangerous,
        1 | 2 | 6..=15 | 18 | 20..=26 => Kind::Harmless,
        // IP_ADD_MEMBERSHIP, IP_UNBLOCK_SOURCE, IP_BLOCK_SOURCE,
        // IP_ADD_SOURCE_MEMBERSHIP, IP_MSFILTER, MCAST_JOIN_GROUP,
        // MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE, MCAST_JOIN_SOURCE_GROUP,
        // MCAST_MSFILTER.
        35 | 37..=39 | 41..=44 | 46 | 48 => Kind::Membership,
        // Sending to groups and leaving them, IP_UNICAST_IF, IP_LOCAL_PORT_RANGE.
        // IP_MULTICAST_IF may name a source: the check of packets sees it.
        32..=34 | 36 | 40 | 45 | 47 | 49..=52 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}

fn of_ipv6(name: i32) -> Kind {
    match name {
        // IPV6_HDRINCL
        36 => Kind::Raw,
        // IPV6_2292PKTOPTIONS, IPV6_ROUTER_ALERT and its isolation,
        // IPV6_JOIN_ANYCAST, IPV6_FLOWLABEL_MGR (of a label with headers),
        // policies, extension headers, IPV6_TRANSPARENT; routers and packet
        // filters.
        6 | 22 | 27 | 30 | 32 | 34 | 35 | 54 | 55 | 57 | 59 | 75 | 64 | 65 | 200..=220 => {
            Kind::Dangerous
        }
        // IPV6_ADD_MEMBERSHIP, MCAST_JOIN_GROUP, MCAST_BLOCK_SOURCE,
        // MCAST_UNBLOCK_SOURCE, MCAST_JOIN_SOURCE_GROUP, MCAST_MSFILTER.
        20 | 42..=44 | 46 | 48 => Kind::Membership,
        // IPV6_ADDRFORM to IPV6_2292RTHDR, IPV6_CHECKSUM, IPV6_2292HOPLIMIT.
        1..=5 | 7 | 8 => Kind::Harmless,
        16..=19 | 21 | 23..=26 | 28 | 29 | 31 | 33 | 45 | 47 | 49..=53 => Kind::Harmless,
        // IPV6_PKTINFO (50) may name a source: the check of packets sees it.
        56 | 58 | 60..=62 | 66 | 67 | 70 | 72..=74 | 76..=78 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}

fn of_tcp(name: i32) -> Kind {
    match name {
        // TCP_REPAIR and its kin make connections out of nothing; TCP_ULP
        // hands a connection to another protocol.
        19..=22 | 29 | 31 => Kind::Dangerous,
        1..=14 | 16..=18 | 23..=28 | 30 | 32..=46 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}

fn of_udp(name: i32) -> Kind {
    match name {
        // UDP_ENCAP
        100 => Kind::Dangerous,
        1 | 101..=104 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}
