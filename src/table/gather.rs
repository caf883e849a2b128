// SPDX-License-Identifier: GPL-2.0

//! Collecting values that can only be read where memory cannot be allocated: under
//! RCU or a spinlock.

use kernel::alloc::{Allocator, Vec};
use kernel::prelude::*;

/// Collects the values that `fill` passes to its argument. `fill` must not sleep, and
/// may be called more than once: values that do not fit are dropped, and there is
/// room for them the next time. Context: process, may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(super) fn gather<T, A: Allocator>(
    mut fill: impl FnMut(&mut dyn FnMut(T)),
) -> Result<Vec<T, A>> {
    let mut room = 0_usize;
    loop {
        let mut found = Vec::<T, A>::with_capacity(room, GFP_KERNEL)?;
        let mut count = 0_usize;
        fill(&mut |value| {
            count += 1;
            let _ = found.push_within_capacity(value);
        });
        if count <= found.len() {
            return Ok(found);
        }
        room = count;
    }
}
