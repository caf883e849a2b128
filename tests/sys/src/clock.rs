// SPDX-License-Identifier: GPL-2.0

//! The monotonic clock.

use rustix::time::{clock_gettime, ClockId};

/// Nanoseconds of the monotonic clock, the same for all processes.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
