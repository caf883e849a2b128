// SPDX-License-Identifier: GPL-2.0

//! Socket options: those that affect addresses, and any others.

use std::io::Result;
use std::net::IpAddr;

use super::Actor;
use crate::addr;
use crate::socket;

const SOCKET: i32 = libc::SOL_SOCKET;
const IP: i32 = libc::IPPROTO_IP;
const IP6: i32 = libc::IPPROTO_IPV6;
const TCP: i32 = libc::IPPROTO_TCP;
const UDP: i32 = libc::IPPROTO_UDP;

/// Level and name of dangerous options (`include/uapi/linux/{in,in6,tcp,udp}.h`).
const DANGEROUS: &[(i32, i32)] = &[
    (SOCKET, libc::SO_REUSEADDR),
    (SOCKET, libc::SO_REUSEPORT),
    (SOCKET, libc::SO_BROADCAST),
    (SOCKET, libc::SO_MARK),
    (SOCKET, libc::SO_DONTROUTE),
    (SOCKET, libc::SO_LINGER),
    (SOCKET, libc::SO_ZEROCOPY),
    (SOCKET, libc::SO_TIMESTAMP),
    (SOCKET, libc::SO_PEEK_OFF),
    (SOCKET, libc::SO_BINDTOIFINDEX),
    (IP, 19),  // IP_TRANSPARENT
    (IP, 15),  // IP_FREEBIND
    (IP, 24),  // IP_BIND_ADDRESS_NO_PORT
    (IP, 11),  // IP_RECVERR
    (IP, 8),   // IP_PKTINFO
    (IP, 20),  // IP_RECVORIGDSTADDR
    (IP, 3),   // IP_HDRINCL
    (IP, 51),  // IP_LOCAL_PORT_RANGE
    (IP, 50),  // IP_UNICAST_IF
    (IP6, 1),  // IPV6_ADDRFORM
    (IP6, 26), // IPV6_V6ONLY
    (IP6, 75), // IPV6_TRANSPARENT
    (IP6, 78), // IPV6_FREEBIND
    (IP6, 72), // IPV6_ADDR_PREFERENCES
    (IP6, 49), // IPV6_RECVPKTINFO
    (IP6, 76), // IPV6_UNICAST_IF
    (IP6, 33), // IPV6_FLOWINFO_SEND
    (TCP, libc::TCP_FASTOPEN),
    (TCP, 30), // TCP_FASTOPEN_CONNECT
    (TCP, 19), // TCP_REPAIR
    (TCP, libc::TCP_CORK),
    (TCP, libc::TCP_NODELAY),
    (TCP, 9),   // TCP_DEFER_ACCEPT
    (UDP, 1),   // UDP_CORK
    (UDP, 100), // UDP_ENCAP
    (UDP, 103), // UDP_SEGMENT
    (UDP, 104), // UDP_GRO
];

/// Options that make a connection outlive its owner. The first: up to 24 days, when
/// the other end no longer answers (`tcp_write_timeout()` in
/// `net/ipv4/tcp_timer.c`). The second: minutes.
const LONG_LASTING: [(i32, i32); 2] = [
    (TCP, 18), // TCP_USER_TIMEOUT, milliseconds
    (TCP, 37), // TCP_TX_DELAY, microseconds
];

/// Sets one of the dangerous options to a valid value.
pub fn set(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    set_on(a, fd)
}

/// [`set`] on this socket.
pub fn set_on(a: &mut Actor, fd: i32) -> Result<()> {
    if a.rng.percent(75) {
        let (level, name) = a.rng.pick(DANGEROUS);
        let value = match (level, name) {
            (IP6, 1) => a.rng.pick(&[libc::AF_INET, libc::AF_INET6]),
            (SOCKET, libc::SO_BINDTOIFINDEX) => a.rng.below(5) as i32,
            _ => a.rng.pick(&[0, 1, 1, 1, 2, 40_000]),
        };
        let mut value = value.to_ne_bytes().to_vec();
        if (level, name) == (SOCKET, libc::SO_LINGER) {
            value.extend(0_i32.to_ne_bytes());
        }
        return socket::set_option_bytes(fd, level, name, &value);
    }
    with_address(a, fd)
}

/// Sets an option whose value is an address, a name or a BPF program.
fn with_address(a: &mut Actor, fd: i32) -> Result<()> {
    let v4 = |a: &mut Actor| loop {
        if let IpAddr::V4(ip) = addr::ip(a.world, a.tenant, &mut a.rng) {
            return ip.octets();
        }
    };
    let set = socket::set_option_bytes;
    match a.rng.below(10) {
        // A loose or strict source route.
        0 => {
            let mut route = vec![a.rng.pick(&[131, 137]), 7, 4];
            route.extend(v4(a));
            route.push(0);
            set(fd, IP, libc::IP_OPTIONS, &route)
        }
        1 => set(fd, IP, libc::IP_MULTICAST_IF, &v4(a)),
        2 => {
            let mut group = vec![224, 0, 0, 5];
            group.extend(v4(a));
            set(fd, IP, libc::IP_ADD_MEMBERSHIP, &group)
        }
        3 => {
            // IPV6_PKTINFO: the source of all messages.
            let source = match addr::ip(a.world, a.tenant, &mut a.rng) {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            let mut info = source.octets().to_vec();
            info.extend([0; 4]);
            set(fd, IP6, libc::IPV6_PKTINFO, &info)
        }
        4 => {
            // A routing header of type 2 with one address.
            let mut header = vec![0, 2, 2, 1, 0, 0, 0, 0];
            let to = addr::ip(a.world, a.tenant, &mut a.rng);
            if let IpAddr::V6(ip) = to {
                header.extend(ip.octets());
            }
            let name = a.rng.pick(&[57, 54, 59, 55, 6]);
            set(fd, IP6, name, &header)
        }
        5 => {
            let name = a.rng.pick(&["pool0", "veth0", "lo", "", "none"]);
            set(fd, SOCKET, libc::SO_BINDTODEVICE, name.as_bytes())
        }
        6 => {
            let name = a.rng.pick(&["tls", "mptcp", "smc", "espintcp"]);
            set(fd, TCP, 31, name.as_bytes()) // TCP_ULP
        }
        7 => set(fd, TCP, libc::TCP_CONGESTION, b"cubic"),
        // Removes IPv4 options, or extension headers of IPv6.
        8 => {
            let headers = [
                (IP, libc::IP_OPTIONS),
                (IP6, 57),
                (IP6, 54),
                (IP6, 59),
                (IP6, 6),
            ];
            let (level, name) = a.rng.pick(&headers);
            set(fd, level, name, &[])
        }
        _ => socket::attach_filter(fd, libc::SO_ATTACH_FILTER, u32::MAX),
    }
}

/// Sets any option to any value.
pub fn set_any(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    set_any_on(a, fd)
}

/// [`set_any`] on this socket.
pub fn set_any_on(a: &mut Actor, fd: i32) -> Result<()> {
    let level = a
        .rng
        .pick(&[SOCKET, IP, IP6, TCP, UDP, 255, 58, 263, 273, 270]);
    let name = a.rng.below(130) as i32;
    // Options whose value points to memory, such as SO_ATTACH_FILTER, mostly fail with
    // these values. `set` sets them with valid memory.
    let value = match a.rng.below(4) {
        _ if LONG_LASTING.contains(&(level, name)) => {
            (a.rng.below(10_000) as i32).to_ne_bytes().to_vec()
        }
        0 => 1_i32.to_ne_bytes().to_vec(),
        1 => (a.rng.below(256) as i32).to_ne_bytes().to_vec(),
        2 => vec![0; a.rng.below(64)],
        _ => {
            let len = a.rng.below(140);
            a.rng.bytes(len)
        }
    };
    socket::set_option_bytes(fd, level, name, &value)
}

/// Reads any option.
pub fn get(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    get_on(a, fd)
}

/// [`get`] on this socket.
pub fn get_on(a: &mut Actor, fd: i32) -> Result<()> {
    let level = a.rng.pick(&[SOCKET, IP, IP6, TCP, UDP]);
    let (name, room) = (a.rng.below(130) as i32, a.rng.below(256));
    socket::option_bytes(fd, level, name, room).map(drop)
}
