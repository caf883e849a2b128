// SPDX-License-Identifier: GPL-2.0

//! The module's state, reachable from hooks and files, which carry no context
//! of their own.

use core::ops::Deref;
use core::ptr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};

/// Where a `T` can be found while there is one.
///
/// # Invariants
///
/// The pointer is null or that of a live [`Publication`].
pub(crate) struct Published<T>(Atomic<*const T>);

// SAFETY: All it gives out is shared references.
unsafe impl<T: Sync> Sync for Published<T> {}

impl<T> Published<T> {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        // INVARIANT: Null.
        Self(Atomic::new(ptr::null()))
    }

    /// What is published. Any context.
    pub(crate) fn get(&self) -> Option<&T> {
        let value = self.0.load(ordering::Acquire);
        // SAFETY: By the type invariants a publication lives, and by the
        // contract of `publish` it outlives everything that calls this.
        unsafe { value.as_ref() }
    }

    /// Publishes `value` as long as the result lives. May sleep.
    ///
    /// # Safety
    ///
    /// Whoever calls [`Self::get`] has stopped using the reference before the
    /// result is dropped.
    pub(crate) unsafe fn publish(&'static self, value: Pin<KBox<T>>) -> Publication<T> {
        // INVARIANT: The result is live.
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
        self.at.0.store(ptr::null(), ordering::Release);
    }
}
