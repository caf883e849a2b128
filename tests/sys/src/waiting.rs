// SPDX-License-Identifier: GPL-2.0

//! Waiting for a condition.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until `so` returns true, at most `limit`. Returns whether it did.
pub fn within(limit: Duration, so: impl FnMut() -> bool) -> bool {
    looking_every(Duration::from_millis(10), limit, so)
}

/// Waits in the same way, and calls `so` once in every `pause`.
pub fn looking_every(pause: Duration, limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if so() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        sleep(pause);
    }
}
