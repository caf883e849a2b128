// SPDX-License-Identifier: GPL-2.0

//! Addresses to draw from: near each other, or ones that rules treat specially, so that
//! drawn sets overlap.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_abi::HostLoopback;

/// Addresses that rules treat specially.
pub const SPECIAL: [&str; 25] = [
    "0.0.0.0",
    "::",
    "::ffff:0.0.0.0",
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "127.0.0.2",
    "127.0.0.53",
    "::ffff:127.0.0.53",
    "127.0.1.1",
    "127.63.255.255",
    "127.64.0.0",
    "127.64.0.1",
    "127.64.0.2",
    "::ffff:127.64.0.1",
    "127.127.255.255",
    "127.128.0.0",
    "127.255.255.255",
    "224.0.0.1",
    "0.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "ff02::1",
];

/// Networks of the host's loopback that terms may name, with their lengths.
const HOST_NETWORKS: [(&str, u8); 5] = [
    ("127.0.0.53", 32),
    ("127.0.0.2", 31),
    ("127.0.1.0", 24),
    ("127.32.0.0", 11),
    ("127.128.0.0", 9),
];

/// One of these networks; for most numbers none.
#[must_use]
pub fn host_network(at: u8) -> Option<HostLoopback> {
    let (addr, len) = HOST_NETWORKS.get(usize::from(at % 12))?;
    let addr = addr.parse().expect("an address");
    Some(HostLoopback::new(addr, *len).expect("a network"))
}

/// One of 64 IPv4 addresses that are near each other.
#[must_use]
pub fn near_v4(at: u8) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 | u32::from(at & 63))
}

/// One of 64 IPv6 addresses that are near each other.
#[must_use]
pub fn near_v6(at: u8) -> Ipv6Addr {
    Ipv6Addr::from((0x2001_0db8 << 96) | u128::from(at & 63))
}

/// `addr` without the bits beyond `len`.
#[must_use]
pub fn network(addr: IpAddr, len: u8) -> IpAddr {
    match addr {
        IpAddr::V4(a) => {
            let hosts = u32::MAX.checked_shr(len.into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(a) & !hosts).into()
        }
        IpAddr::V6(a) => {
            let hosts = u128::MAX.checked_shr(len.into()).unwrap_or(0);
            Ipv6Addr::from(u128::from(a) & !hosts).into()
        }
    }
}

/// The address in the form of a socket's family, `AF_INET` if `v4`. Returns the wildcard
/// if the family does not have the address.
#[must_use]
pub fn fitting(addr: IpAddr, v4: bool) -> IpAddr {
    match (v4, addr) {
        (true, IpAddr::V6(a)) => a.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED).into(),
        (false, IpAddr::V4(a)) => a.to_ipv6_mapped().into(),
        (_, a) => a,
    }
}
