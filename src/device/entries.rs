// SPDX-License-Identifier: GPL-2.0

//! Entries of sets as they cross the boundary, and as the policy has them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;

use crate::abi::{AddrEntry, Family, LeftoverEntry, Wire, MAX_STRUCT};
use crate::policy::Prefix;
use crate::table::Leftover;

/// The prefix an entry stands for. `EINVAL` when it cannot stand in a set.
pub(super) fn prefix(entry: &AddrEntry) -> Result<Prefix> {
    let addr: IpAddr = match entry.family {
        Family::V4 => {
            let [a, b, c, d, ..] = entry.addr;
            Ipv4Addr::new(a, b, c, d).into()
        }
        Family::V6 => Ipv6Addr::from(entry.addr).into(),
    };
    Prefix::new(addr, entry.prefix_len).map_err(|_| EINVAL)
}

/// The prefixes given entries stand for.
pub(super) fn prefixes(given: &[AddrEntry]) -> Result<KVec<Prefix>> {
    let mut entries = KVec::with_capacity(given.len(), GFP_KERNEL)?;
    for entry in given {
        entries.push(prefix(entry)?, GFP_KERNEL)?;
    }
    Ok(entries)
}

/// The entry that stands for `len` bits of an address.
fn entry(addr: IpAddr, len: u8) -> AddrEntry {
    let mut bytes = [0; 16];
    let family = match addr {
        IpAddr::V4(v4) => {
            bytes[..4].copy_from_slice(&v4.octets());
            Family::V4
        }
        IpAddr::V6(v6) => {
            bytes = v6.octets();
            Family::V6
        }
    };
    AddrEntry {
        family,
        prefix_len: len,
        addr: bytes,
    }
}

/// An element of an array as bytes.
pub(super) struct Bytes {
    bytes: [u8; MAX_STRUCT],
    len: usize,
}

impl Bytes {
    fn of<T: Wire>(element: &T) -> Self {
        let mut bytes = [0; MAX_STRUCT];
        let len = element.encode(&mut bytes).len();
        Self { bytes, len }
    }

    /// The entry that stands for a prefix.
    pub(super) fn of_prefix(prefix: &Prefix) -> Self {
        Self::of(&entry(prefix.addr(), prefix.len_bits()))
    }

    /// The entry that stands for connections on an address.
    pub(super) fn of_leftover(leftover: &Leftover) -> Self {
        let addr = leftover.addr;
        let len = if addr.is_ipv4() { 32 } else { 128 };
        Self::of(&LeftoverEntry {
            addr: entry(addr, len),
            connections: leftover.count,
        })
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
