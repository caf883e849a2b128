// SPDX-License-Identifier: GPL-2.0

//! Waiting until nobody reads any more what was replaced or removed. That has no
//! bound: a reader that has no processor, at `SCHED_IDLE` on a busy machine, may keep
//! a grace period from ending for minutes, where RCU can be preempted. Nothing that a
//! control call promises depends on it, so a work queue waits in its place, and the
//! call for that only as long as it takes on an ordinary day. May sleep.

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{rcu, Arc};

use crate::sys::rcu_cell::Replaced;

use super::limits::READERS;
use super::patience::{Patience, Pauses};
use super::{AddressSet, Table};

impl Table {
    /// Has old sets dropped once nobody decides by them, and waits for that, but not
    /// for long.
    pub(super) fn drop_soon(&self, replaced: KVec<Replaced<AddressSet>>) {
        if !replaced.is_empty() {
            self.soon(move || Replaced::drop_all(replaced));
        }
    }

    /// Waits until tasks that were removed before are no longer counted, and
    /// associations that went with them are no longer listed, but not for long.
    pub(super) fn settle_soon(&self) {
        self.soon(|| {
            if let Some(table) = super::get() {
                table.settle_members();
            }
        });
    }

    /// Sleeps until tasks that were forgotten or released before are no longer
    /// counted, associations that went with them are no longer listed, and nothing
    /// that was begun here goes on.
    pub(crate) fn settle(&self) {
        self.waiting.flush();
        self.settle_members();
    }

    fn settle_members(&self) {
        rcu::rcu_barrier();
        self.queue.flush();
    }

    /// Has `work` done, and waits for it, but not for longer than [`READERS`].
    fn soon(&self, work: impl FnOnce() + Send + 'static) {
        let Ok(done) = Arc::new(Atomic::new(false), GFP_KERNEL) else {
            return work();
        };
        let told = done.clone();
        let begun = self.waiting.try_spawn(GFP_KERNEL, move || {
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
}
