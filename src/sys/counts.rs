// SPDX-License-Identifier: GPL-2.0

//! Numbers that many processors add to, each its own, so that none waits for another.
//!
//! C file: `src/sys/c/counts.c`

use core::ptr::NonNull;

use kernel::prelude::*;

use super::raw;

/// `N` numbers, 0 at first.
///
/// # Invariants
///
/// The pointer is that of `N` numbers that `new` made and that are not freed.
pub(crate) struct Counts<const N: usize>(NonNull<raw::acf_counts>);

// SAFETY: The kernel lets any thread free them.
unsafe impl<const N: usize> Send for Counts<N> {}
// SAFETY: Each processor adds to numbers of its own, by an instruction that is not interrupted.
unsafe impl<const N: usize> Sync for Counts<N> {}

impl<const N: usize> Counts<N> {
    /// `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The caller may sleep.
        let counts = unsafe { raw::acf_helper_counts_new(N as u32) };
        // INVARIANT: Made above; only `drop` frees them.
        NonNull::new(counts).map(Self).ok_or(ENOMEM)
    }

    /// Adds to the number at `at`, if there is one. Context: any.
    pub(crate) fn add(&self, at: usize, number: u64) {
        if at < N {
            // SAFETY: By the type invariants the counts are there; `at` is one of them.
            unsafe { raw::acf_helper_counts_add(self.0.as_ptr(), at as u32, number) };
        }
    }

    /// The number at `at`, or 0. Context: any.
    pub(crate) fn sum(&self, at: usize) -> u64 {
        if at < N {
            // SAFETY: By the type invariants the counts are there; `at` is one of them.
            unsafe { raw::acf_helper_counts_sum(self.0.as_ptr(), at as u32) }
        } else {
            0
        }
    }
}

impl<const N: usize> Drop for Counts<N> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants they are there, and nobody uses them any more.
        unsafe { raw::acf_helper_counts_free(self.0.as_ptr()) };
    }
}
