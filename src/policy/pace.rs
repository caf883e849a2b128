// SPDX-License-Identifier: GPL-2.0

//! How many events of one association are told: what a tenant does must not drown what others do.

/// The most events of one association that are told in a second.
pub const EVENTS_PER_SECOND: u32 = 256;

/// Decides whether an event is told in `second`, of any clock that only goes forward. `window` is
/// what the last decision of the same association left, at first 0. Returns what this one leaves.
#[must_use]
pub const fn pace(window: u64, second: u32) -> (u64, bool) {
    let (last, told) = ((window >> 32) as u32, window as u32);
    let told = if last == second { told } else { 0 };
    let tells = told < EVENTS_PER_SECOND;
    let told = if tells { told + 1 } else { told };
    ((second as u64) << 32 | told as u64, tells)
}
