// SPDX-License-Identifier: GPL-2.0

//! What ties processes that are moved to those that stay. Context: process, may sleep.

use kernel::prelude::*;

use super::Assignment;
use crate::abi::Bypass;
use crate::sys::task::{self, TaskRef};

impl Assignment<'_> {
    /// The first way in which those that stay where the others come from could act through these:
    /// a tracer, or an io_uring of a process that the kernel serves by itself. What else they hold
    /// of them, they cannot use any more. `None` if the call moves nobody.
    pub(super) fn tie<'t>(&self, tasks: &'t [TaskRef]) -> Option<(&'t TaskRef, Bypass)> {
        self.origin.as_ref()?;
        let members = &self.tenants.members;
        if let Some(thread) = tasks.iter().find(|thread| thread.serves_ring()) {
            return Some((thread, Bypass::ForeignRing));
        }
        let mut traced = None;
        task::each(|task| {
            let is_tie = members.is_within(task.key(), &self.association)
                && task.tracer().is_some_and(|tracer| {
                    let theirs = members.association(tracer);
                    theirs.is_some_and(|theirs| !theirs.is_within(&self.association))
                });
            if is_tie {
                traced = tasks.iter().find(|thread| thread.key() == task.key());
            }
            traced.is_none()
        });
        traced.map(|thread| (thread, Bypass::Tracing))
    }

    /// Waits until no tracer attaches to the processes that began before they were moved.
    ///
    /// # Errors
    ///
    /// As [`Self::guard_creds`].
    pub(super) fn await_tracers(&self) -> Result {
        if self.origin.is_some() {
            for process in &self.processes {
                drop(self.guard_creds(process)?);
            }
        }
        Ok(())
    }
}
