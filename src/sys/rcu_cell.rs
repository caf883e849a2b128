// SPDX-License-Identifier: GPL-2.0

//! A value under RCU: readers see the old one or the new one, each whole.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::rcu;

/// A replaceable value, read under RCU.
///
/// # Invariants
///
/// The pointer came from [`KBox::into_raw`], and the cell owns what it points to. A pointer that
/// leaves the cell is freed a grace period later: see [`Replaced`].
#[repr(transparent)]
pub(crate) struct RcuCell<T: Send + Sync>(Atomic<*mut T>);

// SAFETY: The cell owns a `T`, which may be sent.
unsafe impl<T: Send + Sync> Send for RcuCell<T> {}
// SAFETY: The pointer is atomic. Through a shared cell, other threads get `&T` and,
// through `replace`, the `T` itself; `T` is `Sync` and `Send`.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T: Send + Sync> RcuCell<T> {
    /// A cell that holds `value`.
    pub(crate) fn new(value: KBox<T>) -> Self {
        // INVARIANT: The pointer comes from `into_raw`, which hands its box over to the cell.
        Self(Atomic::new(KBox::into_raw(value)))
    }

    /// The present value, valid as long as the guard is held. Context: any.
    pub(crate) fn get<'g>(&'g self, _guard: &'g rcu::Guard) -> &'g T {
        let value = self.0.load(ordering::Acquire);
        // SAFETY: By the type invariants the pointer is that of a value, which is freed a grace
        // period after it leaves the cell. `_guard` proves that the caller holds rcu_read_lock()
        // during `'g`, and the borrow of `self` that the cell is not dropped.
        unsafe { &*value }
    }

    /// Where the pointer to the present value is, for C code that reads it under RCU. Valid as
    /// long as the cell.
    pub(in crate::sys) fn as_ptr(&self) -> *const *const T {
        core::ptr::from_ref(&self.0).cast()
    }

    /// Puts `value` in place, for readers at once, and returns the old one. Context: any.
    pub(crate) fn replace(&self, value: KBox<T>) -> Replaced<T> {
        // INVARIANT: The new pointer comes from `into_raw`. So did the old one, which the exchange
        // took out of the cell: `Replaced` owns it, and waits before it frees it.
        Replaced(self.0.xchg(KBox::into_raw(value), ordering::Full))
    }
}

impl<T: Send + Sync> Drop for RcuCell<T> {
    /// Drops the value at once: readers borrow the cell, so none is left. Context: any.
    fn drop(&mut self) {
        if let Some(value) = NonNull::new(self.0.load(ordering::Relaxed)) {
            // SAFETY: By the type invariants the pointer came from `into_raw` and is the cell's.
            // `&mut self` proves that no reader has it.
            drop(unsafe { KBox::from_raw(value.as_ptr()) });
        }
    }
}

/// A value that was in a cell, and that readers may still have. Dropping it waits for them.
///
/// # Invariants
///
/// The pointer came from [`KBox::into_raw`], this owns what it points to, and it is in no
/// cell.
#[must_use = "dropping it sleeps; see `Replaced::drop_all`"]
pub(crate) struct Replaced<T: Send + Sync>(*mut T);

// SAFETY: It owns a `T`, which is `Send`.
unsafe impl<T: Send + Sync> Send for Replaced<T> {}

impl<T: Send + Sync> Replaced<T> {
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
            drop(unsafe { KBox::from_raw(old) });
        }
    }
}

impl<T: Send + Sync> Drop for Replaced<T> {
    /// Waits for a grace period, then drops the value. Context: process, may sleep.
    fn drop(&mut self) {
        rcu::synchronize_rcu();
        // SAFETY: By the type invariants the pointer came from `into_raw`, and no cell had it when
        // the grace period above began: no reader has it now.
        drop(unsafe { KBox::from_raw(self.0) });
    }
}
