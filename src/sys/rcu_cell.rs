// SPDX-License-Identifier: GPL-2.0

//! A value that readers see whole, before or after it is replaced.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::rcu;

/// A replaceable value, read under RCU.
///
/// # Invariants
///
/// The pointer came from [`KBox::into_raw`] and is owned by this cell.
pub(crate) struct RcuCell<T: Send + Sync>(Atomic<*mut T>);

// SAFETY: It owns a `T` and gives out shared references to it.
unsafe impl<T: Send + Sync> Send for RcuCell<T> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T: Send + Sync> RcuCell<T> {
    /// A cell that holds `value`.
    pub(crate) fn new(value: KBox<T>) -> Self {
        // INVARIANT: Just so.
        Self(Atomic::new(KBox::into_raw(value)))
    }

    /// The present value, valid as long as the guard is held. Any context.
    pub(crate) fn get<'g>(&'g self, _guard: &'g rcu::Guard) -> &'g T {
        let value = self.0.load(ordering::Acquire);
        // SAFETY: By the type invariants it is a value; one that is replaced
        // is freed after a grace period, so not before the guard goes.
        unsafe { &*value }
    }

    /// Puts `value` in place, for readers at once, and gives back the old one.
    /// Does not sleep.
    pub(crate) fn replace(&self, value: KBox<T>) -> Replaced<T> {
        // INVARIANT: The new pointer comes from a box; so did the old one,
        // which is not in the cell any more.
        Replaced(self.0.xchg(KBox::into_raw(value), ordering::Full))
    }
}

impl<T: Send + Sync> Drop for RcuCell<T> {
    /// Any context. There are no readers: they borrow the cell.
    fn drop(&mut self) {
        if let Some(value) = NonNull::new(self.0.load(ordering::Relaxed)) {
            // SAFETY: By the type invariants, and nobody else has it.
            drop(unsafe { KBox::from_raw(value.as_ptr()) });
        }
    }
}

/// A value that was in a cell, and that readers may still have. To drop it
/// sleeps until none has.
///
/// # Invariants
///
/// The pointer came from [`KBox::into_raw`], is owned by this, and is in no
/// cell any more.
#[must_use = "dropping it sleeps; see `Replaced::drop_all`"]
pub(crate) struct Replaced<T: Send + Sync>(*mut T);

// SAFETY: It owns a `T`, which may be dropped on any thread.
unsafe impl<T: Send + Sync> Send for Replaced<T> {}

impl<T: Send + Sync> Replaced<T> {
    /// Drops all of them, after one wait for the readers of all.
    pub(crate) fn drop_all(all: KVec<Self>) {
        if all.is_empty() {
            return;
        }
        rcu::synchronize_rcu();
        for replaced in all {
            let old = ManuallyDrop::new(replaced).0;
            // SAFETY: By the type invariants it came from a box and is ours,
            // and was out of its cell when the grace period above began. It is
            // not dropped again.
            drop(unsafe { KBox::from_raw(old) });
        }
    }
}

impl<T: Send + Sync> Drop for Replaced<T> {
    /// Sleeps.
    fn drop(&mut self) {
        rcu::synchronize_rcu();
        // SAFETY: By the type invariants it came from a box, is ours, and was
        // out of its cell when the grace period above began.
        drop(unsafe { KBox::from_raw(self.0) });
    }
}
