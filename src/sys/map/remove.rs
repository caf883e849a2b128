// SPDX-License-Identifier: GPL-2.0

//! Taking values out of a map. Each is dropped a grace period later.

use core::ffi::c_void;
use core::ptr;

use kernel::sync::rcu;

use super::{Entry, MapKey, RcuMap, Value};
use crate::sys::raw;

impl<K: MapKey, T: Value> RcuMap<K, T> {
    /// Removes the value of `key`. Returns whether there was one. It is dropped after a grace
    /// period. Context: any but NMI, never sleeps.
    pub(crate) fn remove(&self, key: K) -> bool {
        self.remove_if(key, |_| true)
    }

    /// Removes the value of `key` if `wanted` returns `true` for it. It removes the very value
    /// that `wanted` saw. Returns whether it did. The value is dropped after a grace period.
    /// `wanted` must not sleep. Context: any but NMI, never sleeps.
    pub(crate) fn remove_if(&self, key: K, wanted: impl Fn(&T) -> bool) -> bool {
        let guard = rcu::read_lock();
        while let Some(head) = self.find(key, &guard) {
            // SAFETY: `find` found `head` under `guard`, which is still held.
            if !wanted(unsafe { Self::value(head) }) {
                return false;
            }
            // SAFETY: `head` was in the table under `guard`, which has kept it since.
            if unsafe { raw::acf_helper_map_remove(self.table.get(), head.as_ptr()) } {
                // SAFETY: Removing took `head` out; that succeeds for one caller only.
                unsafe { Self::free_later(head.as_ptr()) };
                return true;
            }
            // Another caller removed or replaced it meanwhile.
        }
        false
    }

    /// Removes the values for which `wanted` returns `true`. Returns how many. Looks at every
    /// value that is there from beginning to end, at some more than once. `wanted` must not
    /// sleep. Context: process, may sleep.
    pub(crate) fn remove_where<F: FnMut(&T) -> bool>(&self, wanted: F) -> usize {
        struct Walk<F>(F, usize);

        /// # Safety
        ///
        /// As for `call_wanted`, but the caller has taken `entry` out of the table.
        unsafe extern "C" fn removed<K: MapKey, T: Value, F>(
            entry: *mut raw::acf_map_entry,
            data: *mut c_void,
        ) {
            // SAFETY: `data` is `walk` below, which nothing else uses during this call.
            unsafe { (*data.cast::<Walk<F>>()).1 += 1 };
            // SAFETY: acf_helper_map_remove_where() calls this once for each entry it removed.
            unsafe { RcuMap::<K, T>::free_later(entry) };
        }

        /// # Safety
        ///
        /// `entry` is the head of an `Entry<T>` that RCU keeps until this returns, and `data`
        /// points to a `Walk<F>` that nothing else uses meanwhile.
        unsafe extern "C" fn call_wanted<T, F: FnMut(&T) -> bool>(
            entry: *mut raw::acf_map_entry,
            data: *mut c_void,
        ) -> bool {
            // SAFETY: `data` is `walk` below, which nothing else uses during this call.
            let walk = unsafe { &mut *data.cast::<Walk<F>>() };
            // SAFETY: The walk found `entry` in the table and holds RCU; `head` is at offset 0.
            (walk.0)(unsafe { &(*entry.cast::<Entry<T>>()).value })
        }

        let mut walk = Walk(wanted, 0_usize);
        // SAFETY: By the type invariants the table is initialised and has heads of `Entry<T>`. The
        // helper calls both functions as they require, one at a time, until it returns; `walk`
        // is a local variable that nothing else uses meanwhile.
        unsafe {
            raw::acf_helper_map_remove_where(
                self.table.get(),
                Some(call_wanted::<T, F>),
                Some(removed::<K, T, F>),
                ptr::addr_of_mut!(walk).cast(),
            )
        };
        walk.1
    }
}
