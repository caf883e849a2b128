// SPDX-License-Identifier: GPL-2.0

//! The memory of an address set. Immutable once made. Making it may sleep.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;

use crate::policy::{merge, Prefix, Range, SetView, Wide};

/// An address set.
///
/// # Invariants
///
/// `v4` and `v6` are sorted and disjoint and hold the addresses of `entries`;
/// the primary addresses are among them.
pub(crate) struct AddressSet {
    entries: KVec<Prefix>,
    v4: KVec<Range<u32>>,
    v6: KVec<Range<Wide>>,
    primary_v4: Option<Ipv4Addr>,
    primary_v6: Option<Ipv6Addr>,
}

impl AddressSet {
    /// A set of these addresses and prefixes. The first host address of each
    /// family is its primary address. Charged to the caller's memory cgroup.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(entries: KVec<Prefix>) -> Result<Self> {
        let (mut v4, mut v6) = (KVec::new(), KVec::new());
        for entry in &entries {
            if let Some(range) = entry.range_v4() {
                v4.push(range, GFP_KERNEL_ACCOUNT)?;
            }
            if let Some(range) = entry.range_v6() {
                v6.push(range, GFP_KERNEL_ACCOUNT)?;
            }
        }
        let kept = merge(v4.as_mut_slice());
        v4.truncate(kept);
        let kept = merge(v6.as_mut_slice());
        v6.truncate(kept);

        let hosts = || entries.iter().filter(|e| e.is_host()).map(Prefix::addr);
        let primary_v4 = hosts().find_map(|a| match a {
            IpAddr::V4(a) => Some(a),
            IpAddr::V6(_) => None,
        });
        let primary_v6 = hosts().find_map(|a| match a {
            IpAddr::V6(a) => Some(a),
            IpAddr::V4(_) => None,
        });
        // INVARIANT: Merged above; the primaries are taken from the entries.
        Ok(Self {
            v4,
            v6,
            primary_v4,
            primary_v6,
            entries,
        })
    }

    /// The set as the decisions see it.
    pub(crate) fn view(&self) -> SetView<'_> {
        SetView::new(&self.v4, &self.v6, self.primary_v4, self.primary_v6)
    }

    /// The entries, as they were given.
    pub(crate) fn entries(&self) -> &[Prefix] {
        &self.entries
    }

    /// The IPv4 addresses of the set, in ranges.
    pub(crate) fn ranges_v4(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> + '_ {
        self.v4.iter().map(|r| (r.first().into(), r.last().into()))
    }

    /// The IPv6 addresses of the set, in ranges.
    pub(crate) fn ranges_v6(&self) -> impl Iterator<Item = (Ipv6Addr, Ipv6Addr)> + '_ {
        self.v6.iter().map(|r| (r.first().into(), r.last().into()))
    }
}
