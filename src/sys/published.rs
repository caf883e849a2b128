// SPDX-License-Identifier: GPL-2.0

//! The module's state, as hooks and files find it: the kernel passes them no pointer to it.

use core::ops::Deref;
use core::ptr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};

/// A place where a `T` is found while it is published.
///
/// # Invariants
///
/// The pointer is null, or that of the value which a live [`Publication`] owns.
pub(crate) struct Published<T>(Atomic<*const T>);

// SAFETY: The pointer is atomic, and other threads get only `&T` from it, for which `T: Sync`
// suffices.
unsafe impl<T: Sync> Sync for Published<T> {}

impl<T> Published<T> {
    /// A place without a value.
    pub(crate) const fn new() -> Self {
        // INVARIANT: Null.
        Self(Atomic::new(ptr::null()))
    }

    /// The value that is published, if any. Context: any.
    pub(crate) fn get(&self) -> Option<&T> {
        let value = self.0.load(ordering::Acquire);
        // SAFETY: By the type invariants the pointer is null or that of a published value. The
        // caller of `publish` promised that the value outlives every use of this reference
        // (`Addrconf::init`, which names the users).
        unsafe { value.as_ref() }
    }

    /// Publishes `value` as long as the result lives. Context: any.
    ///
    /// # Safety
    ///
    /// No reference from [`Self::get`] is in use when the result is dropped, and no call of
    /// [`Self::get`] is under way then.
    pub(crate) unsafe fn publish(&'static self, value: Pin<KBox<T>>) -> Publication<T> {
        // INVARIANT: The result owns the value, which is pinned: its address stays.
        self.0.store(&*value, ordering::Release);
        Publication { at: self, value }
    }
}

/// Keeps a value published.
pub(crate) struct Publication<T: 'static> {
    at: &'static Published<T>,
    value: Pin<KBox<T>>,
}

impl<T> Deref for Publication<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for Publication<T> {
    fn drop(&mut self) {
        // INVARIANT: Null.
        self.at.0.store(ptr::null(), ordering::Release);
    }
}
