// SPDX-License-Identifier: GPL-2.0

//! A hash table from words to values, read under RCU: a typed wrapper of the kernel's
//! rhashtable.
//!
//! C header: `include/linux/rhashtable.h`

use core::ffi::c_void;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use kernel::alloc::Flags;
use kernel::bindings;
use kernel::error::{from_err_ptr, to_result};
use kernel::prelude::*;
use kernel::sync::rcu;
use kernel::types::Opaque;

use super::raw;

mod group;
mod remove;

pub(crate) use group::Group;

/// A key: a word, as the address of a kernel object, that is never followed.
pub(crate) trait MapKey: Copy {
    /// The word.
    fn word(self) -> usize;
}

/// A value of a map.
pub(crate) trait Value: Send + Sync + 'static {
    /// The group of its entry from before it is in the map until it has left the map.
    fn group(&self) -> Option<&Group> {
        None
    }
}

/// A map from `K` to `T`.
///
/// # Invariants
///
/// `table` is initialised. Every `acf_map_entry` in it is the `head` of an [`Entry<T>`] that came
/// from [`KBox::into_raw`] and that the table owns. An entry taken out leaves its group, and is
/// freed a grace period later. Until then there are only shared references to its value, so the
/// group to which the value referred exists until the entry has left it.
pub(crate) struct RcuMap<K: MapKey, T: Value> {
    table: Pin<KBox<Opaque<bindings::rhashtable>>>,
    _entries: PhantomData<(fn(K), T)>,
}

// SAFETY: The table owns values that are `Send`; keys are not stored as such.
unsafe impl<K: MapKey, T: Value> Send for RcuMap<K, T> {}
// SAFETY: rhashtable locks its buckets itself. Through a shared map, other threads get `&T`, and
// drop a `T` that was inserted elsewhere; `T` is `Sync` and `Send`.
unsafe impl<K: MapKey, T: Value> Sync for RcuMap<K, T> {}

/// A value on its way into a map.
#[repr(C)]
pub(crate) struct Entry<T> {
    head: Opaque<raw::acf_map_entry>,
    value: T,
}

impl<T> Entry<T> {
    /// Memory for a value. `ENOMEM`. Sleeps as `flags` allow.
    pub(crate) fn new(value: T, flags: Flags) -> Result<KBox<Self>> {
        Ok(KBox::new(
            Self {
                head: Opaque::zeroed(),
                value,
            },
            flags,
        )?)
    }
}

/// Why an entry was not inserted. The entry is dropped after a grace period.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InsertError {
    /// The key has a value already.
    Occupied,
    /// The table could not grow.
    Table(Error),
}

impl<K: MapKey, T: Value> RcuMap<K, T> {
    /// An empty map. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new() -> Result<Self> {
        let table = KBox::pin(Opaque::zeroed(), GFP_KERNEL)?;
        // SAFETY: `table` is memory for an rhashtable, pinned, and not in use yet.
        to_result(unsafe { raw::acf_helper_map_init(table.get()) })?;
        // INVARIANT: Initialised above, and empty.
        Ok(Self {
            table,
            _entries: PhantomData,
        })
    }

    /// The number of values. Context: any.
    pub(crate) fn count(&self) -> usize {
        // SAFETY: By the type invariants the table is initialised.
        unsafe { raw::acf_helper_map_count(self.table.get()) as usize }
    }

    /// The value for `key`, valid as long as the guard is held. Context: any.
    pub(crate) fn get<'g>(&'g self, key: K, guard: &'g rcu::Guard) -> Option<&'g T> {
        // SAFETY: `find` found `head` in this table under `guard`, which is held during `'g`.
        self.find(key, guard)
            .map(|head| unsafe { Self::value(head) })
    }

    /// The head of the entry for `key`, which is not freed while the guard is held.
    fn find(&self, key: K, guard: &rcu::Guard) -> Option<NonNull<raw::acf_map_entry>> {
        self.find_word(key.word() as *const c_void, guard)
    }

    /// As [`Self::find`], for the word of a key.
    fn find_word(
        &self,
        key: *const c_void,
        _guard: &rcu::Guard,
    ) -> Option<NonNull<raw::acf_map_entry>> {
        // SAFETY: By the type invariants the table is initialised. `_guard` proves that the caller
        // holds rcu_read_lock().
        NonNull::new(unsafe { raw::acf_helper_map_lookup(self.table.get(), key) })
    }

    /// The value of an entry.
    ///
    /// # Safety
    ///
    /// `head` is that of an `Entry<T>` that is not freed during `'g`: rcu_read_lock() was held
    /// when the entry was in the table, and is held during `'g`.
    unsafe fn value<'g>(head: NonNull<raw::acf_map_entry>) -> &'g T {
        // SAFETY: The caller promises a live entry; `repr(C)` puts `head` at its offset 0.
        &unsafe { head.cast::<Entry<T>>().as_ref() }.value
    }

    /// Gives an entry its key, and puts it into its group. It is freed by
    /// [`Self::free_later`]. Context: any but NMI.
    fn prepare(key: K, entry: KBox<Entry<T>>) -> *mut raw::acf_map_entry {
        let entry = KBox::into_raw(entry);
        // SAFETY: `entry` has just come from a box, and only this function has it.
        let head = unsafe { Opaque::cast_into(ptr::addr_of!((*entry).head)) };
        // SAFETY: `head` is in that entry.
        unsafe { (*head).key = key.word() as *const c_void };
        // SAFETY: As above. From now on there are only shared references to the value.
        if let Some(group) = unsafe { &(*entry).value }.group() {
            // SAFETY: `head` is new. By the type invariants the group exists until `free_later`
            // has taken the entry out.
            unsafe { group.add(head) };
        }
        head
    }

    /// Takes an entry out of its group, and drops it after a grace period.
    /// Context: any but NMI.
    ///
    /// # Safety
    ///
    /// `head` is that of an `Entry<T>` from [`Self::prepare`] that is in no table, as it never was
    /// or the caller has taken it out. The caller calls this once for it.
    unsafe fn free_later(head: *mut raw::acf_map_entry) {
        // SAFETY: The caller is the only one to free the entry.
        unsafe { group::leave(head) };
        // SAFETY: The caller took the entry out and is the only one to free it, so it is there.
        let end = unsafe { ptr::addr_of_mut!((*head).end) };
        // SAFETY: `end.rcu` is that of the entry, which is in no group and is queued once. `free`
        // runs when no reader has the entry, and before `drop`, which waits (rcu_barrier()), has
        // returned.
        unsafe { bindings::call_rcu(end.cast(), Some(Self::free)) };
    }

    /// Adds a value. Context: any but NMI, never sleeps.
    pub(crate) fn insert(
        &self,
        key: K,
        entry: KBox<Entry<T>>,
    ) -> core::result::Result<(), InsertError> {
        let head = Self::prepare(key, entry);
        let guard = rcu::read_lock();
        // INVARIANT: `head` is that of an `Entry<T>` from `into_raw`, for the table to own.
        // SAFETY: By the type invariants the table is initialised. `head` is new and in no table,
        // and `guard` holds RCU.
        let other = unsafe { raw::acf_helper_map_insert(self.table.get(), head) };
        let outcome = match from_err_ptr(other) {
            Ok(other) if other.is_null() => return Ok(()),
            Ok(_) => InsertError::Occupied,
            Err(error) => InsertError::Table(error),
        };
        drop(guard);
        // SAFETY: `head` came from `prepare`, and the table did not take it.
        unsafe { Self::free_later(head) };
        Err(outcome)
    }

    /// Replaces the value of `key`, for readers at once, if `wanted` returns `true` for the old
    /// and the new one. It replaces the very value that `wanted` saw. Returns whether it did. The
    /// old value is dropped after a grace period. `wanted` must not sleep. Context: any but NMI.
    pub(crate) fn replace_if(
        &self,
        key: K,
        entry: KBox<Entry<T>>,
        wanted: impl Fn(&T, &T) -> bool,
    ) -> bool {
        let head = Self::prepare(key, entry);
        let guard = rcu::read_lock();
        while let Some(old) = self.find(key, &guard) {
            // SAFETY: `find` found `old` under `guard`, which is still held. `head` came from
            // `prepare`, and nothing frees it before this function does.
            let (old_value, new_value) =
                unsafe { (Self::value(old), Self::value(NonNull::new_unchecked(head))) };
            if !wanted(old_value, new_value) {
                break;
            }
            // INVARIANT: `head` is that of an `Entry<T>` from `into_raw`, for the table to own.
            // SAFETY: By the type invariants the table is initialised. `head` is in no table and
            // has the key of `old`, which `guard` has kept since it was in this one.
            if unsafe { raw::acf_helper_map_replace(self.table.get(), old.as_ptr(), head) } {
                // SAFETY: Replacing took `old` out; that succeeds for one caller only.
                unsafe { Self::free_later(old.as_ptr()) };
                return true;
            }
            // Another caller removed or replaced it meanwhile.
        }
        drop(guard);
        // SAFETY: `head` came from `prepare`, and the table did not take it.
        unsafe { Self::free_later(head) };
        false
    }

    /// # Safety
    ///
    /// As for `free_later`.
    unsafe extern "C" fn destroyed(head: *mut raw::acf_map_entry) {
        // SAFETY: The caller promises it.
        unsafe { Self::free_later(head) };
    }

    /// # Safety
    ///
    /// `rcu` is that of an entry of an `RcuMap<K, T>`. The entry has left the table, no
    /// reader has it, and this is called for it once.
    unsafe extern "C" fn free(rcu: *mut bindings::callback_head) {
        // SAFETY: The caller promises that `rcu` is the `end.rcu` of an `acf_map_entry`.
        let head = unsafe {
            kernel::container_of!(rcu.cast::<raw::acf_map_end>(), raw::acf_map_entry, end)
        };
        // SAFETY: By the type invariants `head`, at offset 0, is that of an `Entry<T>` from
        // `into_raw`. The table has given it up, and no reader has it.
        drop(unsafe { KBox::from_raw(head.cast::<Entry<T>>()) });
    }
}

impl<K: MapKey, T: Value> Drop for RcuMap<K, T> {
    /// Drops the values that are left, and waits until these and the removed ones are dropped.
    /// Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants the table is initialised. `&mut self` proves that nobody
        // uses it; it is not used again. The helper calls `free_later` once for each entry.
        unsafe { raw::acf_helper_map_destroy(self.table.get(), Some(Self::destroyed)) };
        rcu::rcu_barrier();
    }
}
