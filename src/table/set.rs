// SPDX-License-Identifier: GPL-2.0

//! The memory of an address set. Immutable once made. Making one may sleep.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;

use crate::policy::{merge, subtract, Number, Prefix, Range, SetView, Wide};
use crate::sys::index;
use crate::sys::ranged::Ranged;

use super::gather::gather;
use super::limits::MAX_FORMER;

/// An address set: its addresses, as sorted and disjoint ranges. Dropping it never
/// sleeps.
pub(crate) type AddressSet = Ranged<Details>;

/// What a set has beside its addresses.
///
/// # Invariants
///
/// The ranges of the set hold the addresses of `entries`; the primary addresses are
/// among them.
pub(crate) struct Details {
    entries: KVec<Prefix>,
    primary_v4: Option<Ipv4Addr>,
    primary_v6: Option<Ipv6Addr>,
    // Its place in the index, for `keys`.
    indexed: Option<index::Entries>,
}

impl AddressSet {
    /// A set of these addresses and prefixes. The first host address of each family
    /// is its primary address. Charged to the caller's memory cgroup.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn of_entries(entries: KVec<Prefix>) -> Result<Self> {
        let (mut v4, mut v6) = (KVec::new(), KVec::new());
        for entry in &entries {
            if let Some(range) = entry.range_v4() {
                v4.push(range, GFP_KERNEL_ACCOUNT)?;
            }
            if let Some(range) = entry.range_v6() {
                v6.push(range, GFP_KERNEL_ACCOUNT)?;
            }
        }
        let hosts = || entries.iter().filter(|e| e.is_host()).map(Prefix::addr);
        let primary_v4 = hosts().find_map(|a| match a {
            IpAddr::V4(a) => Some(a),
            IpAddr::V6(_) => None,
        });
        let primary_v6 = hosts().find_map(|a| match a {
            IpAddr::V6(a) => Some(a),
            IpAddr::V4(_) => None,
        });
        // INVARIANT: The ranges and the primary addresses come from `entries`.
        let details = Details {
            primary_v4,
            primary_v6,
            entries,
            indexed: None,
        };
        Ok(Self::merged(v4, v6, details))
    }

    /// The addresses of these ranges, without entries or primary addresses.
    pub(super) fn of_ranges(v4: KVec<Range<u32>>, v6: KVec<Range<Wide>>) -> Self {
        // INVARIANT: There are no entries and no primary addresses.
        let details = Details {
            entries: KVec::new(),
            primary_v4: None,
            primary_v6: None,
            indexed: None,
        };
        Self::merged(v4, v6, details)
    }

    fn merged(mut v4: KVec<Range<u32>>, mut v6: KVec<Range<Wide>>, details: Details) -> Self {
        let kept = merge(v4.as_mut_slice());
        v4.truncate(kept);
        let kept = merge(v6.as_mut_slice());
        v6.truncate(kept);
        Self::new(v4, v6, details)
    }

    /// A copy of the addresses of a set that can only be read under RCU: `with`
    /// passes it to its argument, possibly more than once.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn copy(with: impl Fn(&mut dyn FnMut(&Self))) -> Result<Self> {
        let v4 = gather(|push| with(&mut |set| set.v4().iter().for_each(|&r| push(r))))?;
        let v6 = gather(|push| with(&mut |set| set.v6().iter().for_each(|&r| push(r))))?;
        Ok(Self::of_ranges(v4, v6))
    }

    /// The addresses of this set and of `former`. If they are more than
    /// [`MAX_FORMER`] ranges, those of this set alone.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn with_former(&self, former: &Self) -> Result<Self> {
        let count = self.ranges() + former.ranges();
        let (mut v4, mut v6) = (KVec::new(), KVec::new());
        v4.extend_from_slice(self.v4(), GFP_KERNEL)?;
        v6.extend_from_slice(self.v6(), GFP_KERNEL)?;
        if count <= MAX_FORMER {
            v4.extend_from_slice(former.v4(), GFP_KERNEL)?;
            v6.extend_from_slice(former.v6(), GFP_KERNEL)?;
        }
        Ok(Self::of_ranges(v4, v6))
    }

    /// The addresses of this set that are not in `other`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn without(&self, other: &Self) -> Result<Self> {
        Ok(Self::of_ranges(
            difference(self.v4(), other.v4())?,
            difference(self.v6(), other.v6())?,
        ))
    }

    /// This set as the former addresses of an association, which are none if it is empty.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn into_former(self) -> Result<Option<KBox<Self>>> {
        Ok(match self.is_empty() {
            true => None,
            false => Some(KBox::new(self, GFP_KERNEL)?),
        })
    }

    /// Whether it has no address.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges() == 0
    }

    /// The number of its ranges of addresses.
    pub(super) fn ranges(&self) -> usize {
        self.v4().len() + self.v6().len()
    }

    /// Keeps its entries in the index as long as it exists.
    pub(super) fn keep(&mut self, indexed: index::Entries) {
        self.rest_mut().indexed = Some(indexed);
    }

    /// The set as the decisions see it.
    pub(crate) fn view(&self) -> SetView<'_> {
        let details = self.rest();
        SetView::new(self.v4(), self.v6(), details.primary_v4, details.primary_v6)
    }

    /// The entries, in the form and order in which they were given.
    pub(crate) fn entries(&self) -> &[Prefix] {
        &self.rest().entries
    }
}

/// The addresses of `ranges` that are not in `others`.
fn difference<T: Number>(ranges: &[Range<T>], others: &[Range<T>]) -> Result<KVec<Range<T>>> {
    let mut left = KVec::new();
    subtract(ranges, others, |range| {
        left.push(range, GFP_KERNEL).map_err(Error::from)
    })?;
    Ok(left)
}
