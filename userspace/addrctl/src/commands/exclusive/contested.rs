// SPDX-License-Identifier: GPL-2.0

//! Addresses that more than one exclusive association has.

use std::net::IpAddr;

use addrconf_abi::AddrEntry;

use super::is_exclusive;
use crate::client::Association;

/// An address or network that two exclusive associations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contested {
    /// The two, by id.
    pub between: [u64; 2],
    /// What they have in common.
    pub common: AddrEntry,
}

/// Finds what exclusive associations have in common: for each entry of a set, at least one other
/// association that has some of it, if there is one. Takes the time that sorting all entries takes.
pub fn contested(all: &[Association]) -> Vec<Contested> {
    let of = |a: &Association| {
        let id = a.id;
        let entries = a.addresses.entries().to_vec();
        entries
            .into_iter()
            .map(move |entry| (range(entry), entry, id))
    };
    let mut entries: Vec<_> = all
        .iter()
        .filter(|a| is_exclusive(a))
        .flat_map(of)
        .collect();
    entries.sort_unstable_by_key(|&((first, last), _, id)| (first, u128::MAX - last, id));
    let mut found = Vec::new();
    // Networks are disjoint or one contains the other. So the last one that begins before an entry
    // and does not end before it contains it.
    let mut around: Vec<((u128, u128), u64)> = Vec::new();
    for ((first, last), common, id) in entries {
        while around.last().is_some_and(|&((_, end), _)| end < first) {
            around.pop();
        }
        if let Some(&(_, other)) = around.iter().rev().find(|&&(_, other)| other != id) {
            found.push(Contested {
                between: [other, id],
                common,
            });
        }
        around.push(((first, last), id));
    }
    found
}

/// The first and the last address of an entry, IPv4 addresses as mapped ones.
fn range(entry: AddrEntry) -> (u128, u128) {
    let (addr, host_bits) = match entry.addr {
        IpAddr::V4(addr) => (addr.to_ipv6_mapped(), 32 - entry.prefix_len),
        IpAddr::V6(addr) => (addr, 128 - entry.prefix_len),
    };
    let host = 1_u128
        .checked_shl(host_bits.into())
        .map_or(u128::MAX, |size| size - 1);
    let first = u128::from(addr) & !host;
    (first, first | host)
}
