// SPDX-License-Identifier: GPL-2.0

//! A value that readers see whole, before or after it is replaced.

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

    /// Puts `value` in place. Sleeps until nobody reads the old one any more.
    pub(crate) fn replace(&self, value: KBox<T>) {
        // INVARIANT: The new pointer comes from a box; the old one is not in
        // the cell any more.
        let old = self.0.xchg(KBox::into_raw(value), ordering::Full);
        rcu::synchronize_rcu();
        // SAFETY: By the type invariants it came from a box, and it was taken
        // out of the cell by us, a grace period ago.
        drop(unsafe { KBox::from_raw(old) });
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
