// SPDX-License-Identifier: GPL-2.0

//! Words that several processors use, and cache lines.

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::yield_now;

use crate::meter::{Access, Meter};

/// The size of a cache line, as `src/sys/line.rs` has it.
pub const LINE: usize = 64;

/// Begins with a cache line, as what `kmalloc()` returns for a power of two from 64 on, and
/// for 192.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Aligned<T>(pub T);

/// A word. Orderings are the kernel's: what the module calls `Full` is `SeqCst` here.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Word<M>(AtomicUsize, PhantomData<M>);

impl<M: Meter> Word<M> {
    /// A word with this value.
    pub const fn new(value: usize) -> Self {
        Self(AtomicUsize::new(value), PhantomData)
    }

    /// Where it is.
    pub fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Loads it.
    #[inline]
    pub fn load(&self, ordering: Ordering) -> usize {
        M::note(Access::Read, self.address());
        self.0.load(ordering)
    }

    /// Stores a value.
    #[inline]
    pub fn store(&self, value: usize, ordering: Ordering) {
        M::note(Access::Write, self.address());
        self.0.store(value, ordering);
    }

    /// Adds to it. Returns the old value.
    #[inline]
    pub fn add(&self, value: usize, ordering: Ordering) -> usize {
        M::note(Access::Change, self.address());
        self.0.fetch_add(value, ordering)
    }

    /// Subtracts from it. Returns the old value.
    #[inline]
    pub fn sub(&self, value: usize, ordering: Ordering) -> usize {
        M::note(Access::Change, self.address());
        self.0.fetch_sub(value, ordering)
    }

    /// Exchanges it. Returns the old value.
    #[inline]
    pub fn swap(&self, value: usize, ordering: Ordering) -> usize {
        M::note(Access::Change, self.address());
        self.0.swap(value, ordering)
    }

    /// Replaces `old` by `new`, or returns what it found in place of `old`.
    ///
    /// # Errors
    ///
    /// The value that was not `old`.
    #[inline]
    pub fn replace(&self, old: usize, new: usize, ordering: Ordering) -> Result<usize, usize> {
        M::note(Access::Change, self.address());
        self.0
            .compare_exchange(old, new, ordering, Ordering::Relaxed)
    }

    /// Takes the lock that is bit 0: `bit_spin_lock()`, of a bucket or of a roll.
    ///
    /// A holder cannot be preempted in the kernel. It can here, so this gives way.
    #[inline]
    pub fn lock(&self) {
        M::note(Access::Change, self.address());
        while self.0.fetch_or(1, Ordering::Acquire) & 1 != 0 {
            yield_now();
        }
    }

    /// Stores a value, and releases the lock with the same store.
    #[inline]
    pub fn unlock(&self, value: usize) {
        self.store(value & !1, Ordering::Release);
    }
}
