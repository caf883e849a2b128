// SPDX-License-Identifier: GPL-2.0

//! Addresses and address sets as people write them, and their wire form.
//! Pure: no I/O.

mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_abi::{AddrEntry, Wire, MAX_STRUCT};

pub use error::{ParseSetError, Problem};
#[cfg(test)]
pub use parse::entry;

/// The addresses of an association, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSet(Vec<AddrEntry>);

impl AddressSet {
    /// The set of `entries`, without a check: addrctl shows what the module reports.
    pub fn from_entries(entries: Vec<AddrEntry>) -> Self {
        Self(entries)
    }

    /// The entries in order.
    pub fn entries(&self) -> &[AddrEntry] {
        &self.0
    }

    /// Whether this very entry is in the set.
    pub fn has(&self, entry: AddrEntry) -> bool {
        self.0.contains(&entry)
    }

    /// The entries of which the machine has no address, if `local` are its addresses.
    pub fn absent(&self, local: &[IpAddr]) -> Self {
        let is_there = |entry: &AddrEntry| {
            let mut all = local.iter();
            all.any(|&addr| entry.covers(&AddrEntry::host(addr)))
        };
        let absent = self.0.iter().filter(|entry| !is_there(entry));
        Self(absent.copied().collect())
    }

    /// Whether an address is in the set.
    pub fn contains(&self, addr: IpAddr) -> bool {
        let host = AddrEntry::host(addr);
        self.0.iter().any(|entry| entry.covers(&host))
    }

    /// The entries that no single entry of `other` covers.
    pub fn beyond(&self, other: &Self) -> Self {
        let covered = |entry: &AddrEntry| other.0.iter().any(|whole| whole.covers(entry));
        let beyond = self.0.iter().filter(|entry| !covered(entry));
        Self(beyond.copied().collect())
    }

    /// The first addresses that are in this set and in `other`.
    pub fn overlap(&self, other: &Self) -> Option<Overlap> {
        let pairs = self
            .0
            .iter()
            .flat_map(|own| other.0.iter().map(move |o| (own, o)));
        let mut common = pairs.filter_map(|(own, &other)| {
            let common = match (own.covers(&other), other.covers(own)) {
                (true, _) => other,
                (false, true) => *own,
                (false, false) => return None,
            };
            Some(Overlap { common, other })
        });
        common.next()
    }

    /// The entries in their wire form, one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * AddrEntry::SIZE);
        let mut buf = [0; MAX_STRUCT];
        for entry in &self.0 {
            bytes.extend_from_slice(entry.encode(&mut buf));
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

/// Addresses that two sets have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// These addresses.
    pub common: AddrEntry,
    /// The entry of the other set that covers them.
    pub other: AddrEntry,
}

/// The comma-separated list that [`AddressSet`] parses from.
impl fmt::Display for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, entry) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{entry}")?;
        }
        Ok(())
    }
}
