// SPDX-License-Identifier: GPL-2.0

//! The addresses of the machine: a pool of entries for tenants, which do not
//! overlap, addresses that no tenant ever has, and addresses of the host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_abi::AddrEntry;

/// The IPv4 address of the host's own programs.
pub const HOST4: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
/// Their IPv6 address.
pub const HOST6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1);
/// The IPv4 address of the machine next door.
pub const PEER4: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
/// Its IPv6 address.
pub const PEER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 9, 0, 0, 0, 0, 2);

const HOSTS: usize = 24;
const PREFIXES: usize = 4;
/// How many entries the pool has.
pub const SIZE: usize = 2 * (HOSTS + PREFIXES);
/// How many addresses of each family the machine has that are in no entry.
pub const DARK: u8 = 4;

/// The entry with this index.
pub fn entry(index: usize) -> AddrEntry {
    let (index, v6) = (index % (SIZE / 2), index >= SIZE / 2);
    if index < HOSTS {
        return AddrEntry::host(host(index as u8 + 1, v6, 1));
    }
    AddrEntry {
        addr: host(0, v6, 2 + (index - HOSTS) as u8),
        prefix_len: if v6 { 64 } else { 24 },
    }
}

fn host(nr: u8, v6: bool, net: u8) -> IpAddr {
    if v6 {
        Ipv6Addr::new(0x2001, 0xdb8, net.into(), 0, 0, 0, 0, nr.into()).into()
    } else {
        Ipv4Addr::new(10, 1, net, nr).into()
    }
}

/// A local address of the machine within the entry with this index. Of a prefix
/// it has two, and `nr` chooses one.
pub fn address(index: usize, nr: usize) -> IpAddr {
    let (within, v6) = (index % (SIZE / 2), index >= SIZE / 2);
    if within < HOSTS {
        host(within as u8 + 1, v6, 1)
    } else {
        host(1 + (nr % 2) as u8, v6, 2 + (within - HOSTS) as u8)
    }
}

/// The index of the entry that contains an address.
pub fn index_of(addr: IpAddr) -> Option<usize> {
    let (v6, net, nr) = match addr.to_canonical() {
        IpAddr::V4(a) => match a.octets() {
            [10, 1, net, nr] => (false, net, usize::from(nr)),
            _ => return None,
        },
        IpAddr::V6(a) => match a.segments() {
            [0x2001, 0xdb8, net @ 1..=8, 0, rest @ ..] => {
                let small = rest[..3] == [0; 3];
                let nr = if small { rest[3].into() } else { usize::MAX };
                (true, net as u8, nr)
            }
            _ => return None,
        },
    };
    let index = match usize::from(net) {
        1 if (1..=HOSTS).contains(&nr) => nr - 1,
        net if (2..2 + PREFIXES).contains(&net) => HOSTS + net - 2,
        _ => return None,
    };
    Some(index + if v6 { SIZE / 2 } else { 0 })
}

/// An address of the machine that no tenant ever has.
pub fn dark(nr: u8, v6: bool) -> IpAddr {
    host(201 + nr % DARK, v6, 1)
}

/// Whether an address is one of [`dark`].
pub fn is_dark(addr: IpAddr) -> bool {
    (0..DARK).any(|nr| addr == dark(nr, false) || addr == dark(nr, true))
}

/// Whether an address is a loopback address.
pub fn is_loopback(addr: IpAddr) -> bool {
    addr.to_canonical().is_loopback()
}

/// Whether an address is a loopback address of which everybody has an own one: none of
/// 127.64.0.0/10, where the dedicated addresses are.
pub fn is_private(addr: IpAddr) -> bool {
    match addr.to_canonical() {
        IpAddr::V4(a) => a.is_loopback() && !(64..128).contains(&a.octets()[1]),
        IpAddr::V6(a) => a.is_loopback(),
    }
}

/// The address of the host's loopback that some tenants reach.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// Whether a tenant reaches [`RESOLVER`] of the host.
pub fn reaches_resolver(tenant: u32) -> bool {
    tenant % 3 == 0
}

/// All local addresses of the machine that are in the pool.
pub fn all() -> impl Iterator<Item = IpAddr> {
    (0..SIZE).flat_map(|index| {
        let many = 1 + usize::from(index % (SIZE / 2) >= HOSTS);
        (0..many).map(move |nr| address(index, nr))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_belongs_to_the_entry_it_was_made_from() {
        for index in 0..SIZE {
            for nr in 0..2 {
                assert_eq!(index_of(address(index, nr)), Some(index));
            }
        }
    }

    #[test]
    fn dark_and_host_addresses_belong_to_no_entry() {
        for nr in 0..DARK {
            for addr in [dark(nr, false), dark(nr, true)] {
                assert!(is_dark(addr));
                assert_eq!(index_of(addr), None);
            }
        }
        for addr in [HOST4.into(), HOST6.into(), PEER4.into(), PEER6.into()] {
            assert_eq!(index_of(addr), None);
            assert!(!is_dark(addr));
        }
    }
}
