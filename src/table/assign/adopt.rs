// SPDX-License-Identifier: GPL-2.0

//! Step 4: the sockets that members have become the association's. And before it, as
//! that may fail: which connections are not to be among them.

use kernel::prelude::*;

use crate::sys::sock::SkHold;
use crate::sys::task::TaskRef;

use super::Assignment;
use crate::table::patience::Patience;
use crate::table::sockets;

impl Assignment<'_> {
    /// Takes in the sockets of every member. What it does not get to in time, of very
    /// many descriptors, or for want of memory, can be used as little as what does
    /// not fit.
    pub(super) fn adopt_sockets(&self) {
        let patience = Patience::new();
        let adopt_of_each = |tasks: &[TaskRef]| {
            sockets::each_table(tasks, |task| match patience.is_over() {
                false => Ok(sockets::adopt(task, &self.association)),
                true => Err(ETIMEDOUT),
            })
        };
        // Most often it is one process that made no other meanwhile; then there
        // is no need to look at every task there is. As its threads are held,
        // those that exit go on being counted.
        if let [process] = &self.processes[..] {
            if let Ok(threads) = process.threads() {
                if adopt_of_each(&threads).is_ok() && threads.len() == self.association.tasks() {
                    return;
                }
            }
        }
        // Each for itself, as a table may be very long.
        if let Ok(tasks) = self.tenants.members.tasks_within(&self.association) {
            let _ = adopt_of_each(&tasks);
        }
    }

    /// The connections that are to be ended: none unless that was asked for.
    pub(super) fn strangers(&self) -> Result<KVVec<SkHold>> {
        if !self.whom.reset {
            return Ok(KVVec::new());
        }
        let mut threads = KVVec::new();
        for process in &self.processes {
            for thread in process.threads()? {
                threads.push(thread, GFP_KERNEL)?;
            }
        }
        sockets::strangers(&threads, &self.association)
    }
}
