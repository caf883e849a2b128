// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside, two of its steps: their calls end that
//! began before, and nobody holds what goes around the association. May sleep.

use kernel::prelude::*;

use crate::sys::task::{self, TaskKey, TaskRef};

use super::membership::Membership;
use super::patience::{Patience, Pauses};
use super::{sockets, Association, Table};

/// Has every call end that one of `tasks` began before it was in `association`,
/// and that was not asked about: one that waits for data on a socket that was
/// left alone would get it. It is begun anew, as after `SIGSTOP` and `SIGCONT`,
/// and then asked about. Not a call that waits on a socket of the association's,
/// or that gets no data: programs may not expect it to end. Sleeps until that is
/// so.
///
/// # Errors
///
/// `ETIMEDOUT` when it takes too long: its owner may keep a call from ending.
pub(super) fn recall(tasks: &[TaskRef], association: &Association) -> Result {
    let others = || tasks.iter().filter(|t| t.key() != TaskKey::current());
    let (patience, mut pauses) = (Patience::new(), Pauses::new());
    // What cannot be found out in time is recalled: that is always safe.
    let is_left = |t: &TaskRef| {
        !patience.is_over() && (t.only_waits() || sockets::waits_on_its_own(t, association))
    };
    others().filter(|t| !is_left(t)).for_each(TaskRef::recall);
    while others().any(TaskRef::is_recalled) {
        if patience.is_over() {
            return Err(ETIMEDOUT);
        }
        pauses.sleep();
    }
    Ok(())
}

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

impl Table {
    /// The tasks of `association`, which was made for these processes, and of its
    /// parts.
    pub(super) fn threads_of(
        &self,
        all: &[TaskRef],
        association: &Association,
    ) -> Result<KVVec<TaskRef>> {
        // As in `adopt`. A task that narrows is not counted any more, and one that
        // is released is no task of it.
        if let [process] = all {
            let threads = process.threads()?;
            if threads.len() == association.tasks()
                && association.has_no_parts()
                && threads.iter().all(|t| self.is_member(t.key(), association))
            {
                return Ok(threads);
            }
        }
        self.tasks_within(association)
    }

    /// Looks through everybody who is in `association`, which was made for these
    /// processes, or in a part of it, once nobody is in a call any more that began
    /// before: what such a call made, and what was handed on from child to child
    /// while others were looked at. A task without a way out comes by none, as it
    /// may neither make, receive nor map one, nor do the children that it makes
    /// afterwards; and until then it makes none. So there is an end to it.
    ///
    /// # Errors
    ///
    /// `EBUSY` when one has a way out, or they cannot be looked through in time;
    /// `ENOMEM`.
    pub(super) fn search(&self, all: &[TaskRef], association: &Association) -> Result {
        association.set_searching(true);
        let outcome = self.search_until_nobody_is_new(all, association);
        association.set_searching(false);
        outcome
    }

    fn search_until_nobody_is_new(&self, all: &[TaskRef], association: &Association) -> Result {
        let patience = Patience::new();
        loop {
            // They are not found yet, and may have what their makers have not any
            // more. Who was being made before the association is there by now: its
            // maker had to come back from a call.
            let others_come = association.has_unborn();
            task::wait_for_clones();
            let mut tasks = self.threads_of(all, association)?;
            tasks.retain(|t| !self.has_such(t.key(), Membership::is_searched));
            self.hold_no_way_out(&tasks, association, &patience)?;
            for task in &tasks {
                self.with_membership(task.key(), |membership| {
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
                self.settle_soon();
            }
        }
    }

    /// Fails with `EBUSY` when one of `tasks`, which are those of
    /// `association`, has something that goes around it.
    pub(super) fn hold_no_way_out(
        &self,
        tasks: &[TaskRef],
        association: &Association,
        patience: &Patience,
    ) -> Result {
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
                || (!same_files && sockets::holds_half_a_message(task, association))
        };
        // Whom somebody traces cannot be read from here: that takes a look at
        // every task there is, which few need.
        let traces = || tasks.iter().any(TaskRef::traces) && self.traces_others(association);
        if tasks.iter().enumerate().any(holds) || traces() {
            return Err(EBUSY);
        }
        Ok(())
    }

    /// Whether a task of `association`, or of a part of it, traces one that is
    /// of neither.
    fn traces_others(&self, association: &Association) -> bool {
        let mut found = false;
        task::each(|task| {
            found = !self.is_within(task.key(), association)
                && task
                    .tracer()
                    .is_some_and(|t| self.is_within(t, association));
            !found
        });
        found
    }
}
