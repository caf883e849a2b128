// SPDX-License-Identifier: GPL-2.0

//! Addresses and address sets as people write them, and their wire form.
//! Pure: no I/O.

mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_abi::{AddrEntry, Family, Wire, MAX_STRUCT};

pub use error::{ParseSetError, Problem};

/// One address (`/32`, `/128`) or prefix.
///
/// # Invariants
///
/// What [`Prefix::parse`] made is an `addrconf_policy::Prefix`: something the
/// module takes. What the module reports ([`Prefix::from_entry`]) is shown as
/// it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    addr: IpAddr,
    prefix_len: u8,
}

impl Prefix {
    /// Whether this is one address rather than a range.
    pub fn is_host(self) -> bool {
        self.prefix_len == bits(self.addr)
    }

    /// The address of the prefix.
    pub fn addr(self) -> IpAddr {
        self.addr
    }

    /// Whether every address of `other` is one of this prefix's.
    pub fn covers(self, other: Self) -> bool {
        self.prefix_len <= other.prefix_len
            && bits(self.addr) == bits(other.addr)
            && network(other.addr, self.prefix_len) == network(self.addr, self.prefix_len)
    }

    /// The form that goes to the module.
    pub fn to_entry(self) -> AddrEntry {
        let mut addr = [0; 16];
        let family = match self.addr {
            IpAddr::V4(v4) => {
                addr[..4].copy_from_slice(&v4.octets());
                Family::V4
            }
            IpAddr::V6(v6) => {
                addr = v6.octets();
                Family::V6
            }
        };
        AddrEntry {
            family,
            prefix_len: self.prefix_len,
            addr,
        }
    }

    /// From the form that comes from the module.
    pub fn from_entry(entry: &AddrEntry) -> Self {
        let [a, b, c, d, ..] = entry.addr;
        let addr = match entry.family {
            Family::V4 => Ipv4Addr::new(a, b, c, d).into(),
            Family::V6 => Ipv6Addr::from(entry.addr).into(),
        };
        Self {
            addr,
            prefix_len: entry.prefix_len,
        }
    }
}

/// As it is written on the command line: a host address without its length.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() {
            write!(f, "{}", self.addr)
        } else {
            write!(f, "{}/{}", self.addr, self.prefix_len)
        }
    }
}

/// The addresses of an association, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSet(Vec<Prefix>);

impl AddressSet {
    /// The set of `prefixes`, taken as they are.
    pub fn from_prefixes(prefixes: Vec<Prefix>) -> Self {
        Self(prefixes)
    }

    /// The prefixes in order.
    pub fn prefixes(&self) -> &[Prefix] {
        &self.0
    }

    /// Whether this very entry is in the set.
    pub fn has(&self, prefix: Prefix) -> bool {
        self.0.contains(&prefix)
    }

    /// The entries one after the other, in the form that goes to the module.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * AddrEntry::SIZE);
        let mut buf = [0; MAX_STRUCT];
        for prefix in &self.0 {
            bytes.extend_from_slice(prefix.to_entry().encode(&mut buf));
        }
        bytes
    }

    /// The first IPv4 host address: the default source.
    pub fn primary_v4(&self) -> Option<Ipv4Addr> {
        self.0.iter().find_map(|p| match p.addr {
            IpAddr::V4(v4) if p.is_host() => Some(v4),
            _ => None,
        })
    }

    /// The first IPv6 host address: the default source.
    pub fn primary_v6(&self) -> Option<Ipv6Addr> {
        self.0.iter().find_map(|p| match p.addr {
            IpAddr::V6(v6) if p.is_host() => Some(v6),
            _ => None,
        })
    }
}

/// The comma-separated list that [`AddressSet`] parses from.
impl fmt::Display for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, prefix) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{prefix}")?;
        }
        Ok(())
    }
}

/// The number of bits of an address of this family.
fn bits(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// `addr` with every bit after the first `prefix_len` cleared.
fn network(addr: IpAddr, prefix_len: u8) -> IpAddr {
    let clear = u32::from(bits(addr).saturating_sub(prefix_len));
    match addr {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(clear).unwrap_or(0);
            Ipv4Addr::from(u32::from(v4) & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(clear).unwrap_or(0);
            Ipv6Addr::from(u128::from(v6) & mask).into()
        }
    }
}
