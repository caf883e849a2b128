// SPDX-License-Identifier: GPL-2.0

//! Waiting until nobody reads any more what was replaced or removed. That has no
//! bound: a reader that has no processor, at `SCHED_IDLE` on a busy machine, may keep
//! a grace period from ending for minutes, where RCU can be preempted. Nothing that a
//! control call promises depends on it, so a work queue waits in its place, and the
//! call for that only as long as it takes on an ordinary day. May sleep.

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;

use crate::sys::queue::OwnQueue;
use crate::sys::rcu_cell::Replaced;

use super::limits::READERS;
use super::patience::{Patience, Pauses};
use super::set::AddressSet;

/// Waits in its callers' place.
pub(super) struct Waiting(OwnQueue);

impl Waiting {
    /// Waits for nothing yet. May sleep. `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self(OwnQueue::new(c"addrconf_wait")?))
    }

    /// Has old sets dropped once nobody decides by them, and waits for that, but not
    /// for long.
    pub(super) fn drop_soon(&self, replaced: KVec<Replaced<AddressSet>>) {
        if !replaced.is_empty() {
            self.soon(move || Replaced::drop_all(replaced));
        }
    }

    /// Has `work` done, and waits for it, but not for longer than [`READERS`].
    pub(super) fn soon(&self, work: impl FnOnce() + Send + 'static) {
        let Ok(done) = Arc::new(Atomic::new(false), GFP_KERNEL) else {
            return work();
        };
        let told = done.clone();
        let begun = self.0.try_spawn(GFP_KERNEL, move || {
            work();
            told.store(true, ordering::Release);
        });
        // Without memory what `work` holds was dropped, which waits as well.
        if begun.is_err() {
            return;
        }
        let (patience, mut pauses) = (Patience::of(READERS), Pauses::new());
        while !done.load(ordering::Acquire) && !patience.is_over() {
            pauses.sleep();
        }
    }

    /// Sleeps until nothing that was begun before goes on.
    pub(super) fn flush(&self) {
        self.0.flush();
    }
}
