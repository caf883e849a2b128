// SPDX-License-Identifier: GPL-2.0

//! Steps 2 and 6: no member may hold a bypass. Step 6 is
//! [`protocol::search`] on the table.

use kernel::prelude::*;

use crate::abi::{Bypass, Obstacle};
use crate::protocol::{self, Search};
use crate::sys::task::{self, TaskRef};

use super::Assignment;
use crate::table::files;
use crate::table::membership::Membership;
use crate::table::patience::{Patience, Pauses};
use crate::table::sockets;

/// A bypass, and its descriptor, if it is one.
type Held = (Bypass, Option<u32>);

/// The first bypass among a task's open files.
pub(super) fn opened(task: &TaskRef) -> Option<Held> {
    let mut found = None;
    task.each_file(|file, fd| {
        found = files::bypass(file, |memory| task.has_memory(memory)).map(|kind| (kind, fd));
        found.is_none()
    });
    found
}

/// The first bypass among a task's mappings, or [`Bypass::LockedMemory`] when they
/// cannot be read in time: a task may keep its memory locked with the help of a file
/// system that does not answer.
fn mapped(task: &TaskRef, patience: &Patience) -> Option<Held> {
    let mut pauses = Pauses::new();
    loop {
        let mut found = None;
        let looked = task.each_mapped(|file, _| {
            found = files::bypass(file, |memory| task.has_memory(memory));
            found.is_none()
        });
        if looked.is_ok() {
            return found.map(|kind| (kind, None));
        }
        if patience.is_over() {
            return Some((Bypass::LockedMemory, None));
        }
        pauses.sleep();
    }
}

impl Assignment<'_> {
    /// The members that the call is about, those of parts included.
    pub(super) fn tasks(&self) -> Result<KVVec<TaskRef>> {
        let members = &self.tenants.members;
        // The same shortcut as in `adopt`. The other conditions: a task that narrowed
        // is no longer counted, and one that was released is no member.
        if let [process] = &self.processes[..] {
            let threads = process.threads()?;
            if threads.len() == self.count()
                && self.association.tenant().has_no_parts()
                && threads
                    .iter()
                    .all(|t| members.is_member(t.key(), &self.association) && self.is_meant(t))
            {
                return Ok(threads);
            }
        }
        self.all_meant()
    }

    /// Searches the members once. They can no longer acquire a bypass, but could use one
    /// that they hold without a call.
    ///
    /// # Errors
    ///
    /// As [`Self::search_again`].
    pub(super) fn search_before(&self, tasks: &[TaskRef]) -> Result {
        // Forks keep memory locked.
        self.without_forks(|| self.hold_no_bypass(tasks, &self.patience))
    }

    /// Searches the members again, once every call has ended that they entered before they
    /// joined. Finds a bypass that such a call made, or that was handed on from child to
    /// child while others were searched. Members that are still to be searched do not
    /// fork meanwhile, so the search ends.
    ///
    /// # Errors
    ///
    /// `EBUSY` when one has a bypass, or they cannot be looked through in time;
    /// `ENOMEM`.
    pub(super) fn search_again(&self) -> Result {
        let mut searching = Searching {
            assignment: self,
            patience: Patience::new(),
        };
        self.without_forks(|| protocol::search(&mut searching))
    }

    /// Calls `look` while unsearched members cannot fork.
    fn without_forks(&self, look: impl FnOnce() -> Result) -> Result {
        let tenant = self.association.tenant();
        tenant.set_searching(true);
        let outcome = look();
        tenant.set_searching(false);
        outcome
    }

    /// Fails with `EBUSY` when one of `tasks`, which are the members, holds a bypass, and
    /// notes it.
    fn hold_no_bypass(&self, tasks: &[TaskRef], patience: &Patience) -> Result {
        let mut last: Option<&TaskRef> = None;
        for task in tasks {
            if let Some(held) = self.held(task, last, patience) {
                return Err(self.refuse(Some(task), held));
            }
            last = Some(task);
        }
        // The tasks that a member traces cannot be read from it. Finding them takes a
        // walk through all tasks, which few calls need.
        let tracer = tasks.iter().find(|task| task.traces());
        if tracer.is_some() && self.traces_others() {
            return Err(self.refuse(tracer, (Bypass::Tracing, None)));
        }
        if let Some((task, tie)) = self.tie(tasks) {
            return Err(self.refuse(Some(task), (tie, None)));
        }
        Ok(())
    }

    /// The bypass that a member holds, if any. `last` is the member that was searched
    /// before: threads of a process follow one another.
    fn held(&self, task: &TaskRef, last: Option<&TaskRef>, patience: &Patience) -> Option<Held> {
        let same_memory = last.is_some_and(|last| task.shares_memory(last));
        let same_files = last.is_some_and(|last| task.files() == last.files());
        if same_memory && same_files {
            return None;
        }
        // A search that cannot be finished in time ends here. The first member is
        // always searched.
        if last.is_some() && patience.is_over() {
            return Some((Bypass::TooMuch, None));
        }
        let half = || {
            let fd = sockets::half_a_message(task, &self.association)?;
            Some((Bypass::HalfMessage, Some(fd)))
        };
        opened(task)
            .or_else(|| (!same_memory).then(|| mapped(task, patience)).flatten())
            .or_else(|| (!same_files).then(half).flatten())
    }

    /// Notes the bypass that was found. Returns the error for it.
    fn refuse(&self, task: Option<&TaskRef>, (bypass, fd): Held) -> Error {
        self.obstacle.set(Some(Obstacle {
            bypass,
            pid: task.and_then(TaskRef::process_id).unwrap_or(0),
            fd,
        }));
        EBUSY
    }

    /// Whether a member traces a task that is not a member.
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

/// Step 6.
struct Searching<'a> {
    assignment: &'a Assignment<'a>,
    patience: Patience,
}

impl Search for Searching<'_> {
    type Tasks = KVVec<TaskRef>;
    type Stop = Error;

    fn has_unborn(&mut self) -> Result<bool> {
        // A task that was being made before the association is on the list now:
        // its maker had to come back from a call.
        Ok(self.assignment.association.tenant().has_unborn())
    }

    fn wait_for_clones(&mut self) -> Result {
        task::wait_for_clones();
        Ok(())
    }

    fn unsearched(&mut self) -> Result<KVVec<TaskRef>> {
        let members = &self.assignment.tenants.members;
        let mut tasks = self.assignment.tasks()?;
        tasks.retain(|t| !members.has_such(t.key(), Membership::is_searched));
        Ok(tasks)
    }

    fn is_empty(tasks: &KVVec<TaskRef>) -> bool {
        tasks.is_empty()
    }

    fn look_through(&mut self, tasks: &KVVec<TaskRef>) -> Result {
        self.assignment.hold_no_bypass(tasks, &self.patience)
    }

    fn mark(&mut self, tasks: &KVVec<TaskRef>) -> Result {
        let Assignment {
            tenants,
            association,
            ..
        } = self.assignment;
        for task in tasks {
            tenants.members.with_membership(task.key(), |membership| {
                if membership.is_within(association) {
                    membership.set_searched();
                }
            });
        }
        Ok(())
    }

    fn go_on(&mut self, tasks: &KVVec<TaskRef>) -> Result {
        match self.patience.is_over() {
            true => Err(self
                .assignment
                .refuse(tasks.first(), (Bypass::TooMuch, None))),
            false => Ok(()),
        }
    }

    fn settle(&mut self) -> Result {
        // Children whose fork failed are counted until their entries are freed, which
        // may take longer than this call may.
        self.assignment.tenants.settle_soon();
        Ok(())
    }
}
