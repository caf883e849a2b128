// SPDX-License-Identifier: GPL-2.0

//! Values under RCU: readers see the old one or the new one, each whole.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::rcu;

/// A replaceable value or none, read under RCU.
///
/// # Invariants
///
/// The pointer is null, or came from [`KBox::into_raw`], and the cell owns what it points to. A
/// pointer that leaves the cell is freed a grace period later: see [`Replaced`].
#[repr(transparent)]
pub(crate) struct RcuOption<T: Send + Sync>(Atomic<*mut T>);

// SAFETY: The cell owns a `T`, which may be sent.
unsafe impl<T: Send + Sync> Send for RcuOption<T> {}
// SAFETY: The pointer is atomic. Through a shared cell, other threads get `&T` and,
// through `replace`, the `T` itself; `T` is `Sync` and `Send`.
unsafe impl<T: Send + Sync> Sync for RcuOption<T> {}

impl<T: Send + Sync> RcuOption<T> {
    /// A cell that holds `value`.
    pub(crate) fn new(value: Option<KBox<T>>) -> Self {
        // INVARIANT: See `into_ptr`.
        Self(Atomic::new(Self::into_ptr(value)))
    }

    /// Null, or a pointer from `into_raw`, with which the caller takes over the box.
    fn into_ptr(value: Option<KBox<T>>) -> *mut T {
        value.map_or(core::ptr::null_mut(), KBox::into_raw)
    }

    /// The present value, valid as long as the guard is held. Context: any.
    pub(crate) fn get<'g>(&'g self, _guard: &'g rcu::Guard) -> Option<&'g T> {
        let value = self.0.load(ordering::Acquire);
        // SAFETY: By the type invariants the pointer is null or that of a value, which is freed a
        // grace period after it leaves the cell. `_guard` proves that the caller holds
        // rcu_read_lock() during `'g`, and the borrow of `self` that the cell is not dropped.
        unsafe { value.as_ref() }
    }

    /// Whether there is a value. Context: any.
    pub(crate) fn is_some(&self) -> bool {
        !self.0.load(ordering::Acquire).is_null()
    }

    /// Puts `value` in place, for readers at once, and returns the old one. Context: any.
    pub(crate) fn replace(&self, value: Option<KBox<T>>) -> Option<Replaced<T>> {
        // INVARIANT: The new pointer comes from `into_ptr`. The old one was taken out of the cell
        // by the exchange, so it came from `into_raw`: `Replaced` owns it, and waits before it
        // frees it.
        NonNull::new(self.0.xchg(Self::into_ptr(value), ordering::Full)).map(Replaced)
    }
}

impl<T: Send + Sync> Drop for RcuOption<T> {
    /// Drops the value at once: readers borrow the cell, so none is left. Context: any.
    fn drop(&mut self) {
        if let Some(value) = NonNull::new(self.0.load(ordering::Relaxed)) {
            // SAFETY: By the type invariants the pointer came from `into_raw` and is the cell's.
            // `&mut self` proves that no reader has it.
            drop(unsafe { KBox::from_raw(value.as_ptr()) });
        }
    }
}

/// A replaceable value, read under RCU.
///
/// # Invariants
///
/// There is always a value.
#[repr(transparent)]
pub(crate) struct RcuCell<T: Send + Sync>(RcuOption<T>);

impl<T: Send + Sync> RcuCell<T> {
    /// A cell that holds `value`.
    pub(crate) fn new(value: KBox<T>) -> Self {
        // INVARIANT: It holds `value`.
        Self(RcuOption::new(Some(value)))
    }

    /// The present value, valid as long as the guard is held. Context: any.
    pub(crate) fn get<'g>(&'g self, guard: &'g rcu::Guard) -> &'g T {
        // SAFETY: By the type invariants there is a value.
        unsafe { self.0.get(guard).unwrap_unchecked() }
    }

    /// Where the pointer to the present value is, for C code that reads it under RCU. Valid as
    /// long as the cell.
    pub(in crate::sys) fn as_ptr(&self) -> *const *const T {
        core::ptr::from_ref(&self.0 .0).cast()
    }

    /// Puts `value` in place, for readers at once, and returns the old one. Context: any.
    pub(crate) fn replace(&self, value: KBox<T>) -> Replaced<T> {
        // INVARIANT: It holds `value` from now on.
        let old = self.0.replace(Some(value));
        // SAFETY: By the type invariants there was a value.
        unsafe { old.unwrap_unchecked() }
    }
}

/// A value that was in a cell, and that readers may still have. Dropping it waits for them.
///
/// # Invariants
///
/// The pointer came from [`KBox::into_raw`], this owns what it points to, and it is in no
/// cell.
#[must_use = "dropping it sleeps; see `Replaced::drop_all`"]
pub(crate) struct Replaced<T: Send + Sync>(NonNull<T>);

// SAFETY: It owns a `T`, which is `Send`.
unsafe impl<T: Send + Sync> Send for Replaced<T> {}

impl<T: Send + Sync> Replaced<T> {
    /// Adds the value that was in a cell, if there was one, to `all`, which must have room. Never
    /// sleeps.
    pub(crate) fn add_to(all: &mut KVec<Self>, old: Option<Self>) {
        if let Some(old) = old {
            let _ = all.push_within_capacity(old);
        }
    }

    /// Drops all of them after one grace period for all. Context: process, may sleep.
    pub(crate) fn drop_all(all: KVec<Self>) {
        if all.is_empty() {
            return;
        }
        rcu::synchronize_rcu();
        for replaced in all {
            let old = ManuallyDrop::new(replaced).0;
            // SAFETY: By the type invariants `old` came from `into_raw`, and no cell had it when
            // the grace period above began: no reader has it now. `ManuallyDrop` keeps it from
            // being freed twice.
            drop(unsafe { KBox::from_raw(old.as_ptr()) });
        }
    }
}

impl<T: Send + Sync> Drop for Replaced<T> {
    /// Waits for a grace period, then drops the value. Context: process, may sleep.
    fn drop(&mut self) {
        rcu::synchronize_rcu();
        // SAFETY: By the type invariants the pointer came from `into_raw`, and no cell had it when
        // the grace period above began: no reader has it now.
        drop(unsafe { KBox::from_raw(self.0.as_ptr()) });
    }
}
