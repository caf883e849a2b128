// SPDX-License-Identifier: GPL-2.0

//! Conversion of set entries between their form in the interface and that of the policy.

use kernel::prelude::*;

use crate::abi::{AddrEntry, LeftoverEntry, SocketEntry, Wire, MAX_STRUCT};
use crate::policy::Prefix;
use crate::table::Leftover;

/// The prefix for which an entry stands. `EINVAL` when it cannot be in a set.
pub(super) fn prefix(entry: &AddrEntry) -> Result<Prefix> {
    Prefix::new(entry.addr, entry.prefix_len).map_err(|_| EINVAL)
}

/// The prefixes for which entries stand. `EINVAL` as for [`prefix`], `ENOMEM`.
pub(super) fn prefixes(given: &[AddrEntry]) -> Result<KVec<Prefix>> {
    let mut entries = KVec::with_capacity(given.len(), GFP_KERNEL)?;
    for entry in given {
        entries.push(prefix(entry)?, GFP_KERNEL)?;
    }
    Ok(entries)
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

    /// The entry for a prefix.
    pub(super) fn of_prefix(prefix: &Prefix) -> Self {
        Self::of(&AddrEntry {
            addr: prefix.addr(),
            prefix_len: prefix.len_bits(),
        })
    }

    /// The entry for a socket.
    pub(super) fn of_socket(socket: &SocketEntry) -> Self {
        Self::of(socket)
    }

    /// The entry for the connections on an address.
    pub(super) fn of_leftover(leftover: &Leftover) -> Self {
        Self::of(&LeftoverEntry {
            addr: AddrEntry::host(leftover.addr),
            connections: leftover.count,
        })
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
