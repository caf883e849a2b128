// SPDX-License-Identifier: GPL-2.0

//! Groups of entries of a map: each is a list, read under RCU.
//!
//! Changes hold the group's lock, for as long as one entry takes. Context: any but NMI.

use core::ffi::c_void;
use core::ptr;

use kernel::prelude::*;
use kernel::sync::rcu;
use kernel::types::Opaque;

use super::{MapKey, RcuMap, Value};
use crate::sys::raw;

/// Some entries of maps: those whose values say so ([`Value::group`]).
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

impl<K: MapKey, T: Value> RcuMap<K, T> {
    /// Calls `visit` with each value of `group` that this map has. Leaves out some that come or go
    /// meanwhile. `visit` must not sleep. Context: any.
    pub(crate) fn each_of<F: FnMut(&T)>(&self, group: &Group, guard: &rcu::Guard, visit: F) {
        struct Walk<'a, K: MapKey, T: Value, F> {
            map: &'a RcuMap<K, T>,
            guard: &'a rcu::Guard,
            visit: F,
        }

        /// # Safety
        ///
        /// `data` points to a `Walk<K, T, F>` that nothing else uses until this returns, and
        /// `entry` is the head of an entry of a map.
        unsafe extern "C" fn call<K: MapKey, T: Value, F: FnMut(&T)>(
            entry: *mut raw::acf_map_entry,
            data: *mut c_void,
        ) {
            // SAFETY: `data` is `walk` below, which nothing else uses during this call.
            let walk = unsafe { &mut *data.cast::<Walk<'_, K, T, F>>() };
            // SAFETY: The entry is there as long as RCU is held, and its key does not change.
            let key = unsafe { (*entry).key };
            // Another map may have the entry, or none any more.
            let found = walk.map.find_word(key, walk.guard);
            let Some(found) = found.filter(|found| found.as_ptr() == entry) else {
                return;
            };
            // SAFETY: `find_word` found `found` in this map under `guard`, which is still held.
            (walk.visit)(unsafe { RcuMap::<K, T>::value(found) });
        }

        let mut walk = Walk {
            map: self,
            guard,
            visit,
        };
        // SAFETY: By the type invariants the list is initialised and has heads of entries. `guard`
        // holds RCU. The helper passes `walk`, which nothing else uses meanwhile, to
        // `call::<K, T, F>`, and calls that only until it returns.
        unsafe {
            raw::acf_helper_group_each(
                group.list.get(),
                Some(call::<K, T, F>),
                ptr::addr_of_mut!(walk).cast(),
            )
        };
    }
}
