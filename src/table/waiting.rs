// SPDX-License-Identifier: GPL-2.0

//! Waiting for the readers of what was replaced or removed. That has no bound: where
//! RCU is preemptible, a reader without a processor, at `SCHED_IDLE` on a busy
//! machine, may delay the end of a grace period for minutes. Nothing that a control
//! call promises depends on it. So a work queue waits in its place, and the call
//! waits for the queue only as long as that usually takes.
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;

use crate::sys::queue::OwnQueue;
use crate::sys::rcu_cell::Replaced;

use super::limits::READERS;
use super::patience::{Patience, Pauses};
use super::set::AddressSet;

/// A work queue that waits in place of its callers.
pub(super) struct Waiting(OwnQueue);

impl Waiting {
    /// A queue without work. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self(OwnQueue::new(c"addrconf_wait")?))
    }

    /// Drops old sets once no reader has them, and waits for that, but not for longer
    /// than [`READERS`].
    pub(super) fn drop_soon(&self, replaced: KVec<Replaced<AddressSet>>) {
        if !replaced.is_empty() {
            self.soon(move || Replaced::drop_all(replaced));
        }
    }

    /// Runs `work` on the queue and waits for it, but not for longer than
    /// [`READERS`].
    pub(super) fn soon(&self, work: impl FnOnce() + Send + 'static) {
        let Ok(done) = Arc::new(Atomic::new(false), GFP_KERNEL) else {
            return work();
        };
        let told = done.clone();
        let begun = self.0.try_spawn(GFP_KERNEL, move || {
            work();
            told.store(true, ordering::Release);
        });
        // Without memory `try_spawn` dropped `work`; dropping the old sets in it
        // waits for their readers as well.
        if begun.is_err() {
            return;
        }
        let (patience, mut pauses) = (Patience::of(READERS), Pauses::new());
        while !done.load(ordering::Acquire) && !patience.is_over() {
            pauses.sleep();
        }
    }

    /// Sleeps until all work that was begun before is done.
    pub(super) fn flush(&self) {
        self.0.flush();
    }
}
