// SPDX-License-Identifier: GPL-2.0

//! Steps 2 and 6: no member holds what goes around the association.

use kernel::prelude::*;

use crate::sys::task::{self, TaskRef};

use super::Assignment;
use crate::table::membership::Membership;
use crate::table::patience::{Patience, Pauses};
use crate::table::sockets;

/// Whether a task has a way out in its memory that no hook is asked about, or that
/// cannot be told in time: it may keep its memory locked with the help of a file
/// system that does not answer.
fn maps_way_out(task: &TaskRef, patience: &Patience) -> bool {
    let mut pauses = Pauses::new();
    loop {
        if let Ok(found) = task.maps_way_out() {
            return found;
        }
        if patience.is_over() {
            return true;
        }
        pauses.sleep();
    }
}

impl Assignment<'_> {
    /// The members, those of parts included.
    pub(super) fn tasks(&self) -> Result<KVVec<TaskRef>> {
        let members = &self.tenants.members;
        // As in `adopt`. A task that narrows is not counted any more, and one that
        // is released is no task of it.
        if let [process] = &self.processes[..] {
            let threads = process.threads()?;
            if threads.len() == self.association.tasks()
                && self.association.tenant().has_no_parts()
                && threads
                    .iter()
                    .all(|t| members.is_member(t.key(), &self.association))
            {
                return Ok(threads);
            }
        }
        members.tasks_within(&self.association)
    }

    /// Looks through the members once. Nothing can be made any more that was not
    /// allowed; what there is already could be used without a call.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub(super) fn search_before(&self, tasks: &[TaskRef], patience: &Patience) -> Result {
        // Forks keep memory locked.
        self.without_forks(|| self.hold_no_way_out(tasks, patience))
    }

    /// Looks through every member once no call goes on any more that it entered
    /// before: for what such a call made, and what was handed on from child to child
    /// while others were looked at. A task without a bypass comes by none, as it
    /// may neither make, receive nor map one, nor do the children that it makes
    /// afterwards; and until then it makes none. So there is an end to it.
    ///
    /// # Errors
    ///
    /// `EBUSY` when one has a bypass, or they cannot be looked through in time;
    /// `ENOMEM`.
    pub(super) fn search(&self) -> Result {
        self.without_forks(|| self.search_until_nobody_is_new())
    }

    /// Does something while members that were not searched make no tasks.
    fn without_forks(&self, look: impl FnOnce() -> Result) -> Result {
        let tenant = self.association.tenant();
        tenant.set_searching(true);
        let outcome = look();
        tenant.set_searching(false);
        outcome
    }

    fn search_until_nobody_is_new(&self) -> Result {
        let (association, members) = (&self.association, &self.tenants.members);
        let patience = Patience::new();
        loop {
            // They are not found yet, and may have what their makers have not any
            // more. A task that was being made before the association is there by now:
            // its maker had to come back from a call.
            let others_come = association.tenant().has_unborn();
            task::wait_for_clones();
            let mut tasks = self.tasks()?;
            tasks.retain(|t| !members.has_such(t.key(), Membership::is_searched));
            self.hold_no_way_out(&tasks, &patience)?;
            for task in &tasks {
                members.with_membership(task.key(), |membership| {
                    if membership.is_within(association) {
                        membership.set_searched();
                    }
                });
            }
            if tasks.is_empty() && !others_come {
                return Ok(());
            }
            if patience.is_over() {
                return Err(EBUSY);
            }
            if tasks.is_empty() {
                // Children that did not come to be are counted for so long, which may
                // be longer than our patience.
                self.tenants.settle_soon();
            }
        }
    }

    /// Fails with `EBUSY` when one of `tasks`, which are the members, has something
    /// that goes around the association.
    fn hold_no_way_out(&self, tasks: &[TaskRef], patience: &Patience) -> Result {
        let holds = |(nr, task): (usize, &TaskRef)| {
            // Threads of a process follow one another.
            let last = nr.checked_sub(1).map(|nr| &tasks[nr]);
            let same_memory = last.is_some_and(|last| task.shares_memory(last));
            let same_files = last.is_some_and(|last| task.files() == last.files());
            if same_memory && same_files {
                return false;
            }
            // What nobody can finish is not to go on for long either.
            (last.is_some() && patience.is_over())
                || task.opens_way_out()
                || (!same_memory && maps_way_out(task, patience))
                || (!same_files && sockets::holds_half_a_message(task, &self.association))
        };
        // Whom a member traces cannot be read from here: that takes a look at
        // every task there is, which few need.
        let traces = || tasks.iter().any(TaskRef::traces) && self.traces_others();
        if tasks.iter().enumerate().any(holds) || traces() {
            return Err(EBUSY);
        }
        Ok(())
    }

    /// Whether a member traces a task that is none.
    fn traces_others(&self) -> bool {
        let is_within = |task| self.tenants.members.is_within(task, &self.association);
        let mut found = false;
        task::each(|task| {
            found = !is_within(task.key()) && task.tracer().is_some_and(is_within);
            !found
        });
        found
    }
}
