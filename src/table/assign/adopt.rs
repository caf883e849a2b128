// SPDX-License-Identifier: GPL-2.0

//! Step 4: the sockets of the members become the association's. The connections to be
//! reset are collected before step 3, as that may fail.

use kernel::prelude::*;

use crate::sys::sock::SkHold;
use crate::sys::task::TaskRef;

use super::Assignment;
use crate::table::open_sockets;
use crate::table::patience::Patience;
use crate::table::sockets;

impl Assignment<'_> {
    /// Takes in the sockets of every member. Members cannot use sockets that it leaves
    /// out: those that do not fit, and those that it does not reach in time, among very
    /// many descriptors, or because an allocation fails.
    pub(super) fn adopt_sockets(&self) {
        let patience = Patience::new();
        let adopt_of_each = |tasks: &[TaskRef]| {
            let mut unindexed = false;
            let done = open_sockets::each_table(tasks, |task| match patience.is_over() {
                false => Ok(sockets::adopt(task, &self.association, &mut unindexed)),
                true => Err(ETIMEDOUT),
            });
            if unindexed {
                sockets::index(tasks, &self.association);
            }
            done
        };
        // Usually there is one process, which made no other meanwhile. If the
        // association has no more tasks than the process has threads, all were looked
        // at. The references to its threads keep those that exit counted.
        if let [process] = &self.processes[..] {
            if let Ok(threads) = process.threads() {
                if adopt_of_each(&threads).is_ok() && threads.len() == self.count() {
                    return;
                }
            }
        }
        // The tasks are collected first: a table may be too long to be read during
        // the walk through all tasks, which is under RCU.
        if let Ok(tasks) = self.all_meant() {
            let _ = adopt_of_each(&tasks);
        }
    }

    /// The connections that are to be reset: none unless that was asked for.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
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
