// SPDX-License-Identifier: GPL-2.0

//! Collecting what can only be looked at where memory cannot be had: under RCU
//! or a spinlock.

use kernel::alloc::{Allocator, Vec};
use kernel::prelude::*;

/// Collects what `fill` hands to its argument. `fill` must not sleep, and may
/// be called more than once: what did not fit is dropped, and there is room for
/// it the next time. May sleep. `ENOMEM`.
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
