// SPDX-License-Identifier: GPL-2.0

//! How long is waited for what others do.

use kernel::prelude::*;
use kernel::time::{delay::fsleep, Delta, Instant, Monotonic};

use crate::sys::task;

use super::limits::PATIENCE;

/// The pauses between looks at what others do meanwhile, which double: a caller
/// that goes before all others would keep them from doing it. In microseconds.
const FIRST_PAUSE: i64 = 20;
const LAST_PAUSE: i64 = 5_000;

/// The pause between looks whether another call about the same tenant has ended.
const TURN: Delta = Delta::from_micros(1_000);

/// Sleeps once while another call about the same tenant goes on.
///
/// # Errors
///
/// `ERESTARTNOINTR` when a signal came: that call may wait for this one to end.
pub(super) fn pause() -> Result {
    if task::is_interrupted() {
        return Err(ERESTARTNOINTR);
    }
    fsleep(TURN);
    Ok(())
}

/// A time that began when this was made.
pub(super) struct Patience {
    since: Instant<Monotonic>,
    limit: Delta,
}

impl Patience {
    /// [`PATIENCE`] that begins now.
    pub(super) fn new() -> Self {
        Self::of(PATIENCE)
    }

    /// As long as this, from now on.
    pub(super) fn of(limit: Delta) -> Self {
        Self {
            since: Instant::now(),
            limit,
        }
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.since.elapsed() > self.limit
    }
}

/// Pauses that double.
pub(super) struct Pauses(i64);

impl Pauses {
    /// The first is short.
    pub(super) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    /// Sleeps once.
    pub(super) fn sleep(&mut self) {
        fsleep(Delta::from_micros(self.0));
        self.0 = LAST_PAUSE.min(2 * self.0);
    }
}
