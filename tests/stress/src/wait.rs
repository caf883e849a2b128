// SPDX-License-Identifier: GPL-2.0

//! Waiting for what comes after a moment, and what chance decides.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Generous: an emulated processor that checks every access is slow.
const LIMIT: Duration = Duration::from_secs(120);

/// Waits until `done`.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        sleep(Duration::from_millis(2));
    }
}

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// Waits up to so many microseconds.
    pub fn nap(&mut self, microseconds: u64) {
        sleep(Duration::from_micros(self.below(microseconds)));
    }
}
