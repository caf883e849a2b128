// SPDX-License-Identifier: GPL-2.0

//! Groups of entries of a map: each is a list, read under RCU.
//!
//! Changes hold the group's lock, for as long as one entry takes. Context: any but NMI.

use kernel::prelude::*;
use kernel::types::Opaque;

use crate::sys::raw;

/// Some entries of maps: those whose values say so ([`super::Value::group`]).
///
/// # Invariants
///
/// `list` is initialised, and pinned: a group is made in its place only, and not moved. The entries
/// in the list are heads of maps' entries. Each is taken out before it is freed, and readers of
/// the list hold RCU, so it is there as long as they do.
#[pin_data]
pub(crate) struct Group {
    #[pin]
    list: Opaque<raw::acf_group>,
}

// SAFETY: The list is changed with its own lock held, and read under RCU.
unsafe impl Send for Group {}
// SAFETY: As above.
unsafe impl Sync for Group {}

impl Group {
    /// No entries. Context: any.
    pub(crate) fn new() -> impl PinInit<Self> {
        // INVARIANT: The helper initialises the list, which is empty.
        pin_init!(Self {
            // SAFETY: The helper initialises the memory at `list`, which is pinned.
            list <- Opaque::ffi_init(|list| unsafe { raw::acf_helper_group_init(list) }),
        })
    }

    /// Puts an entry into the group.
    ///
    /// # Safety
    ///
    /// `entry` is the head of an entry of a map, in no group. Until it has left this one
    /// ([`leave`]) the group exists. After that it is freed a grace period later.
    pub(super) unsafe fn add(&self, entry: *mut raw::acf_map_entry) {
        // SAFETY: By the type invariants the list is initialised and stays where it is. The caller
        // promises the rest.
        unsafe { raw::acf_helper_group_add(self.list.get(), entry) };
    }
}

/// Takes an entry out of its group, if it is in one.
///
/// # Safety
///
/// `entry` is the head of an entry of a map, which the caller is the only one to free.
pub(super) unsafe fn leave(entry: *mut raw::acf_map_entry) {
    // SAFETY: The caller has the entry. Its group exists by the promise to `Group::add`.
    unsafe { raw::acf_helper_group_remove(entry) };
}
