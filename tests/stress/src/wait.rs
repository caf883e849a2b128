// SPDX-License-Identifier: GPL-2.0

//! Waiting for conditions, and random numbers.

use std::thread::sleep;
use std::time::Duration;

use crate::sys::waiting::looking_every;

/// Long, as an emulated processor with a kernel that checks every access is slow.
const LIMIT: Duration = Duration::from_secs(120);

/// Waits until `done` returns true.
///
/// # Panics
///
/// After [`LIMIT`], with `what` in the message.
#[track_caller]
pub fn eventually(what: &str, done: impl FnMut() -> bool) {
    let came = looking_every(Duration::from_millis(2), LIMIT, done);
    assert!(came, "waited {LIMIT:?} in vain for {what}");
}

/// Pseudo-random numbers that are the same in every run.
pub struct Dice(u64);

impl Dice {
    /// A generator whose numbers depend on the seed only.
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

    /// Sleeps for a random time below this many microseconds.
    pub fn nap(&mut self, microseconds: u64) {
        sleep(Duration::from_micros(self.below(microseconds)));
    }
}
