// SPDX-License-Identifier: GPL-2.0

//! A hash table from kernel objects to values, read under RCU: a typed wrapper
//! of the kernel's rhashtable. Lookup never sleeps; making an entry may.
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

/// A key: a word that stands for a kernel object or another thing.
pub(crate) trait MapKey: Copy {
    /// The word.
    fn word(self) -> usize;
}

/// A map from `K` to `T`.
///
/// # Invariants
///
/// `table` is initialised, and every `acf_map_entry` in it is the `head` of an
/// [`Entry<T>`] that was given up to it by [`KBox::into_raw`].
pub(crate) struct RcuMap<K: MapKey, T: Send + Sync + 'static> {
    table: Pin<KBox<Opaque<bindings::rhashtable>>>,
    _entries: PhantomData<(fn(K), T)>,
}

// SAFETY: The table's own locking orders all access, and `T` may be used from
// and dropped on any thread.
unsafe impl<K: MapKey, T: Send + Sync> Send for RcuMap<K, T> {}
// SAFETY: As above.
unsafe impl<K: MapKey, T: Send + Sync> Sync for RcuMap<K, T> {}

/// A value on its way into a map.
#[repr(C)]
pub(crate) struct Entry<T> {
    head: Opaque<raw::acf_map_entry>,
    value: T,
}

impl<T> Entry<T> {
    /// Memory for a value. Sleeps as `flags` allow.
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

/// Why an entry was not inserted. It was freed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InsertError {
    /// The key has a value already.
    Occupied,
    /// The table could not grow.
    Table(Error),
}

impl<K: MapKey, T: Send + Sync + 'static> RcuMap<K, T> {
    /// An empty map. May sleep.
    pub(crate) fn new() -> Result<Self> {
        let table = KBox::pin(Opaque::zeroed(), GFP_KERNEL)?;
        // SAFETY: `table` is memory for an rhashtable, pinned, and unused.
        to_result(unsafe { raw::acf_helper_map_init(table.get()) })?;
        // INVARIANT: Initialised above, and empty.
        Ok(Self {
            table,
            _entries: PhantomData,
        })
    }

    /// The value for `key`, valid as long as the guard is held.
    pub(crate) fn get<'g>(&'g self, key: K, guard: &'g rcu::Guard) -> Option<&'g T> {
        // SAFETY: It was found under the guard.
        self.find(key, guard)
            .map(|head| unsafe { Self::value(head) })
    }

    /// The head of the entry for `key`, which is not freed before the guard goes.
    fn find(&self, key: K, _guard: &rcu::Guard) -> Option<NonNull<raw::acf_map_entry>> {
        // SAFETY: By the type invariants the table is initialised, and the
        // guard shows that RCU is held.
        let found =
            unsafe { raw::acf_helper_map_lookup(self.table.get(), key.word() as *const c_void) };
        NonNull::new(found)
    }

    /// The value of an entry.
    ///
    /// # Safety
    ///
    /// `head` is that of an `Entry<T>`, and `free` does not run for it for as long
    /// as `'g`: RCU has been held since it was in the table.
    unsafe fn value<'g>(head: NonNull<raw::acf_map_entry>) -> &'g T {
        // SAFETY: By the function's contract; the head is at offset 0.
        &unsafe { head.cast::<Entry<T>>().as_ref() }.value
    }

    /// Has an entry dropped after a grace period. Any context but NMI.
    ///
    /// # Safety
    ///
    /// `head` is that of an `Entry<T>` that the caller took out of the table. Nobody
    /// else frees it.
    unsafe fn free_later(head: *mut raw::acf_map_entry) {
        // SAFETY: By the function's contract; readers may hold it until the grace
        // period is over.
        let rcu = unsafe { ptr::addr_of_mut!((*head).rcu) };
        // SAFETY: `rcu` belongs to that entry and is used once; `free` is made for
        // it.
        unsafe { bindings::call_rcu(rcu, Some(Self::free)) };
    }

    /// Adds a value. Does not sleep.
    pub(crate) fn insert(
        &self,
        key: K,
        entry: KBox<Entry<T>>,
    ) -> core::result::Result<(), InsertError> {
        let entry = KBox::into_raw(entry);
        // SAFETY: `entry` came from a box just now; nobody else has it.
        let head = unsafe { Opaque::cast_into(ptr::addr_of!((*entry).head)) };
        // SAFETY: As above.
        unsafe { (*head).key = key.word() as *const c_void };

        let guard = rcu::read_lock();
        // INVARIANT: `head` is that of an `Entry<T>` given up above.
        // SAFETY: The table is initialised, `head` is not in any table, and
        // RCU is held.
        let other = unsafe { raw::acf_helper_map_insert(self.table.get(), head) };
        let outcome = match from_err_ptr(other) {
            Ok(other) if other.is_null() => return Ok(()),
            Ok(_) => InsertError::Occupied,
            Err(error) => InsertError::Table(error),
        };
        drop(guard);
        // SAFETY: It was not inserted, so it is still ours alone.
        drop(unsafe { KBox::from_raw(entry) });
        Err(outcome)
    }

    /// Puts a value in the place of the one that `key` has, for readers at once,
    /// if `wanted` says yes to the old and the new one: nothing else can come
    /// between. Tells whether it did; else nothing changes. The old value is
    /// dropped after a grace period. Does not sleep, nor must `wanted`.
    pub(crate) fn replace_if(
        &self,
        key: K,
        entry: KBox<Entry<T>>,
        wanted: impl Fn(&T, &T) -> bool,
    ) -> bool {
        let entry = KBox::into_raw(entry);
        // SAFETY: `entry` came from a box just now; nobody else has it.
        let head = unsafe { Opaque::cast_into(ptr::addr_of!((*entry).head)) };
        // SAFETY: As above.
        unsafe { (*head).key = key.word() as *const c_void };
        let guard = rcu::read_lock();
        while let Some(old) = self.find(key, &guard) {
            // SAFETY: `old` was found under the guard. `entry` came from a box, and
            // is in no table yet.
            let (old_value, new_value) = unsafe { (Self::value(old), &(*entry).value) };
            if !wanted(old_value, new_value) {
                break;
            }
            // INVARIANT: `head` is that of an `Entry<T>` given up above.
            // SAFETY: The table is initialised, `head` is in no table, and `old`
            // was in this one under the guard that is still held.
            if unsafe { raw::acf_helper_map_replace(self.table.get(), old.as_ptr(), head) } {
                // SAFETY: We took it out.
                unsafe { Self::free_later(old.as_ptr()) };
                return true;
            }
            // Somebody else took it out, or put another in its place.
        }
        drop(guard);
        // SAFETY: It was not inserted, so it is still ours alone.
        drop(unsafe { KBox::from_raw(entry) });
        false
    }

    /// Removes a value and tells whether there was one. It is dropped after a
    /// grace period. Any context but NMI; never sleeps.
    pub(crate) fn remove(&self, key: K) -> bool {
        self.remove_if(key, |_| true)
    }

    /// Removes the value of `key` if `wanted` says yes to it, and tells whether it
    /// did: nothing else can come between. It is dropped after a grace period. Any
    /// context but NMI; never sleeps, nor must `wanted`.
    pub(crate) fn remove_if(&self, key: K, wanted: impl Fn(&T) -> bool) -> bool {
        let guard = rcu::read_lock();
        while let Some(head) = self.find(key, &guard) {
            // SAFETY: It was found under the guard.
            if !wanted(unsafe { Self::value(head) }) {
                return false;
            }
            // SAFETY: It was in the table under the guard that is still held.
            if unsafe { raw::acf_helper_map_remove(self.table.get(), head.as_ptr()) } {
                // SAFETY: We took it out.
                unsafe { Self::free_later(head.as_ptr()) };
                return true;
            }
            // Somebody else took it out, or put another in its place.
        }
        false
    }

    /// Removes the values that `wanted` says yes to, and returns how many. Sees
    /// each that is there all the while. `wanted` must not sleep. May sleep.
    pub(crate) fn remove_where<F: FnMut(&T) -> bool>(&self, wanted: F) -> usize {
        struct Walk<F>(F, usize);

        /// # Safety
        ///
        /// As for `RcuMap::call_wanted`.
        unsafe extern "C" fn removed<K: MapKey, T: Send + Sync + 'static, F>(
            entry: *mut raw::acf_map_entry,
            data: *mut c_void,
        ) {
            // SAFETY: The helper hands on the exclusive pointer it was given.
            unsafe { (*data.cast::<Walk<F>>()).1 += 1 };
            // SAFETY: The helper has just removed the entry.
            unsafe { RcuMap::<K, T>::free_later(entry) };
        }

        /// # Safety
        ///
        /// `entry` is the head of an `Entry<T>` in the table, under RCU, and
        /// `data` an exclusive pointer to a `Walk<F>`.
        unsafe extern "C" fn call_wanted<T, F: FnMut(&T) -> bool>(
            entry: *mut raw::acf_map_entry,
            data: *mut c_void,
        ) -> bool {
            // SAFETY: By the function's contract.
            let walk = unsafe { &mut *data.cast::<Walk<F>>() };
            // SAFETY: By the function's contract; the head is at offset 0.
            (walk.0)(unsafe { &(*entry.cast::<Entry<T>>()).value })
        }

        let mut walk = Walk(wanted, 0_usize);
        // SAFETY: By the type invariants the table is initialised and holds heads
        // of `Entry<T>`; the helper calls both functions only until it returns,
        // with `walk`, which nobody else uses meanwhile.
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

    /// # Safety
    ///
    /// `rcu` belongs to an entry of an `RcuMap<K, T>` that was removed and that no
    /// reader has any more.
    unsafe extern "C" fn free(rcu: *mut bindings::callback_head) {
        // SAFETY: By the function's contract.
        let head = unsafe { kernel::container_of!(rcu, raw::acf_map_entry, rcu) };
        // SAFETY: By the type invariants `head`, at offset 0, is that of an
        // `Entry<T>` from a box; removed and unread, it is ours alone.
        drop(unsafe { KBox::from_raw(head.cast::<Entry<T>>()) });
    }
}

impl<K: MapKey, T: Send + Sync + 'static> Drop for RcuMap<K, T> {
    /// Sleeps until values removed before are dropped, then drops the others.
    fn drop(&mut self) {
        rcu::rcu_barrier();
        // SAFETY: By the type invariants it is initialised; `&mut self` shows
        // that nobody uses it, readers included, and it is not used again. So
        // entries may be freed at once.
        unsafe { raw::acf_helper_map_destroy(self.table.get(), Some(Self::free)) };
    }
}
