// SPDX-License-Identifier: GPL-2.0

//! Valid and malformed socket addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::pool;
use crate::rng::Rng;
use crate::sys::addr::Addr;
use crate::world::{Tenant, World};

/// A few ports that are used often, so that processes collide on them.
pub const PORTS: [u16; 6] = [80, 1001, 1002, 1003, 4000, 4001];
/// The port on which the host itself listens, at every address.
pub const HOST_PORT: u16 = 7777;

/// The wildcard addresses.
pub const WILDCARDS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// A random port, mostly one of [`PORTS`].
pub fn port(rng: &mut Rng) -> u16 {
    match rng.below(20) {
        0 | 1 => 0,
        2 => HOST_PORT,
        3 => rng.next() as u16,
        _ => rng.pick(&PORTS),
    }
}

/// A random address, most often one of the tenant's own.
pub fn ip(world: World, tenant: Tenant, rng: &mut Rng) -> IpAddr {
    let v6 = rng.percent(45);
    match rng.below(100) {
        0..45 => own(world, tenant, rng).unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
        45..65 => pool::address(rng.below(pool::SIZE), rng.below(2)),
        65..73 => WILDCARDS[usize::from(v6)],
        73..83 if v6 => Ipv6Addr::LOCALHOST.into(),
        73..83 => Ipv4Addr::LOCALHOST.into(),
        83..86 => pool::dark(rng.below(4) as u8, v6),
        86..92 if v6 => pool::PEER6.into(),
        86..92 => pool::PEER4.into(),
        92..95 if v6 => pool::HOST6.into(),
        92..95 => pool::HOST4.into(),
        95..97 if v6 => pool::RESOLVER.into(),
        95..97 => Ipv4Addr::new(127, 64, 0, rng.below(8) as u8).into(),
        97 if v6 => "ff02::1".parse().expect("an address"),
        97 => Ipv4Addr::new(224, 0, 0, 1).into(),
        98 if v6 => "fe80::1".parse().expect("an address"),
        98 => Ipv4Addr::BROADCAST.into(),
        _ => Ipv4Addr::new(127, 0, 0, rng.next() as u8).into(),
    }
}

/// A random address of the tenant's set, if it has any.
pub fn own(world: World, tenant: Tenant, rng: &mut Rng) -> Option<IpAddr> {
    let start = rng.below(pool::SIZE);
    let mut indices = (0..pool::SIZE).map(|i| (start + i) % pool::SIZE);
    let index = indices.find(|&i| world.owner(i) == tenant)?;
    Some(pool::address(index, rng.below(2)))
}

/// The address as a `struct sockaddr_in` or `struct sockaddr_in6`.
pub fn bytes(addr: IpAddr, port: u16) -> Vec<u8> {
    let mut bytes = Addr::from((addr, port)).bytes().to_vec();
    if let IpAddr::V6(ip) = addr {
        let link_local = ip.segments()[0] & 0xff80 == 0xfe80;
        bytes[24..].copy_from_slice(&u32::from(link_local).wrapping_mul(2).to_ne_bytes());
    }
    bytes
}

/// The bytes of a random socket address, and the address they name if they are
/// well formed. The bytes may be malformed in any way. `v6`: the family of the
/// socket.
pub fn random(world: World, tenant: Tenant, rng: &mut Rng, v6: bool) -> (Vec<u8>, Option<IpAddr>) {
    let (addr, port) = (ip(world, tenant, rng), port(rng));
    let fitting = match (addr, v6) {
        (IpAddr::V4(a), true) => a.to_ipv6_mapped().into(),
        (IpAddr::V6(_), false) => own4(world, tenant, rng).into(),
        _ => addr,
    };
    if rng.percent(85) {
        return (bytes(fitting, port), Some(fitting.to_canonical()));
    }
    let mut bytes = bytes(if rng.percent(50) { addr } else { fitting }, port);
    match rng.below(7) {
        0 => bytes[..2].copy_from_slice(&[0, 0]),
        1 => bytes[..2].copy_from_slice(&(rng.below(48) as u16).to_ne_bytes()),
        2 => bytes.truncate(rng.below(28)),
        3 => bytes.resize(128, 0xff),
        4 => bytes.extend(rng.bytes(8)),
        5 => {
            let at = rng.below(bytes.len());
            bytes[at] ^= 1 << rng.below(8);
        }
        _ => {}
    }
    (bytes, None)
}

fn own4(world: World, tenant: Tenant, rng: &mut Rng) -> Ipv4Addr {
    for _ in 0..4 {
        if let Some(IpAddr::V4(a)) = own(world, tenant, rng) {
            return a;
        }
    }
    Ipv4Addr::UNSPECIFIED
}

/// The IP address in the bytes of a socket address.
pub fn read(bytes: &[u8]) -> Option<IpAddr> {
    let family = u16::from_ne_bytes([*bytes.first()?, *bytes.get(1)?]);
    match i32::from(family) {
        libc::AF_INET => Some(<[u8; 4]>::try_from(bytes.get(4..8)?).ok()?.into()),
        libc::AF_INET6 => {
            let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some(IpAddr::from(ip).to_canonical())
        }
        _ => None,
    }
}
