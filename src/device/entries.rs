// SPDX-License-Identifier: GPL-2.0

//! Entries of sets as they cross the boundary, and as the policy has them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;

use crate::abi::{AddrEntry, Family, Wire, MAX_STRUCT};
use crate::policy::Prefix;

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

/// An entry as bytes.
pub(super) struct Bytes([u8; MAX_STRUCT]);

impl Bytes {
    /// The entry that stands for a prefix.
    pub(super) fn of_prefix(prefix: &Prefix) -> Self {
        let mut addr = [0; 16];
        let family = match prefix.addr() {
            IpAddr::V4(v4) => {
                addr[..4].copy_from_slice(&v4.octets());
                Family::V4
            }
            IpAddr::V6(v6) => {
                addr = v6.octets();
                Family::V6
            }
        };
        let entry = AddrEntry {
            family,
            prefix_len: prefix.len_bits(),
            addr,
        };
        let mut bytes = [0; MAX_STRUCT];
        entry.encode(&mut bytes);
        Self(bytes)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0[..AddrEntry::SIZE]
    }
}
