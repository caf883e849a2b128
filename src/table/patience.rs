// SPDX-License-Identifier: GPL-2.0

//! Waiting for other tasks, for a limited time. Context: process, may sleep.

use kernel::prelude::*;
use kernel::time::{delay::fsleep, Delta, Instant, Monotonic};

use crate::sys::task;

use super::limits::PATIENCE;

/// The shortest and the longest pause between looks at what other tasks do, in
/// microseconds. Without pauses, a caller that has priority over all other tasks
/// would keep them from doing it.
const FIRST_PAUSE: i64 = 20;
const LAST_PAUSE: i64 = 5_000;

/// The pause between looks whether another call about the same tenant has ended.
const TURN: Delta = Delta::from_micros(1_000);

/// Sleeps once, while another call about the same tenant is in progress.
///
/// # Errors
///
/// `ERESTARTNOINTR` when a signal came, or the caller was recalled: the other call
/// may be waiting for this one to end.
pub(super) fn pause() -> Result {
    if task::is_interrupted() {
        return Err(ERESTARTNOINTR);
    }
    wait();
    Ok(())
}

/// Sleeps once, while a call is in progress that ends by itself, whatever signals come.
pub(super) fn wait() {
    fsleep(TURN);
}

/// A limit of time that begins when this is made.
pub(super) struct Patience {
    since: Instant<Monotonic>,
    limit: Delta,
}

impl Patience {
    /// [`PATIENCE`], from now on.
    pub(super) fn new() -> Self {
        Self::of(PATIENCE)
    }

    /// `limit`, from now on.
    pub(super) fn of(limit: Delta) -> Self {
        Self {
            since: Instant::now(),
            limit,
        }
    }

    /// Whether the time is over.
    pub(super) fn is_over(&self) -> bool {
        self.since.elapsed() > self.limit
    }
}

/// Pauses, each twice as long as the one before.
pub(super) struct Pauses(i64);

impl Pauses {
    /// Begins with the shortest pause.
    pub(super) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    /// Sleeps for one pause.
    pub(super) fn sleep(&mut self) {
        fsleep(Delta::from_micros(self.0));
        self.0 = LAST_PAUSE.min(2 * self.0);
    }
}
