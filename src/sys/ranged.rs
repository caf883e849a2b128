// SPDX-License-Identifier: GPL-2.0

//! Ranges of addresses, in the form in which the gate reads them too.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use kernel::prelude::*;

use crate::policy::{Range, Wide};
use crate::sys::raw;

/// Sorted ranges of addresses, and what else their owner keeps with them.
///
/// # Invariants
///
/// `head` points to the elements of `v4` and `v6` and counts them. Neither vector changes.
#[repr(C)]
pub(crate) struct Ranged<T> {
    // At offset 0: the gate has a pointer to it.
    head: raw::acf_set,
    v4: KVec<Range<u32>>,
    v6: KVec<Range<Wide>>,
    rest: T,
}

// SAFETY: The pointers in `head` are to the vectors, which may be sent with it.
unsafe impl<T: Send> Send for Ranged<T> {}
// SAFETY: `head` is never written, and the vectors and `rest` are `Sync`.
unsafe impl<T: Sync> Sync for Ranged<T> {}

// `repr(C)` gives both the same fields in the same order (`src/policy/range.rs`).
const _: () = assert!(size_of::<Range<u32>>() == size_of::<raw::acf_range_v4>());
const _: () = assert!(size_of::<Range<Wide>>() == size_of::<raw::acf_range_v6>());

impl<T> Ranged<T> {
    /// These ranges, which [`crate::policy::merge`] has sorted, and `rest`.
    pub(crate) fn new(v4: KVec<Range<u32>>, v6: KVec<Range<Wide>>, rest: T) -> Self {
        let head = raw::acf_set {
            v4: v4.as_ptr().cast(),
            v6: v6.as_ptr().cast(),
            v4_count: v4.len() as u32,
            v6_count: v6.len() as u32,
        };
        // INVARIANT: The elements stay where they are when the vectors are moved.
        Self { head, v4, v6, rest }
    }

    /// The IPv4 addresses.
    pub(crate) fn v4(&self) -> &[Range<u32>] {
        &self.v4
    }

    /// The IPv6 addresses.
    pub(crate) fn v6(&self) -> &[Range<Wide>] {
        &self.v6
    }

    /// What else belongs to the ranges.
    pub(crate) fn rest(&self) -> &T {
        &self.rest
    }

    /// As [`Self::rest`], to change it.
    pub(crate) fn rest_mut(&mut self) -> &mut T {
        &mut self.rest
    }
}
