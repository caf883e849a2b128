// SPDX-License-Identifier: GPL-2.0

//! Ending associations, and taking processes out of them. May sleep.

use kernel::prelude::*;

use crate::sys::task::{self, TaskKey, TaskRef};

use super::membership::Membership;
use super::{Association, Table};

impl Table {
    /// Takes a process, with all its threads, out of its association. Returns
    /// the number of threads. Children stay, and sockets keep their scope.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, `EPERM` when the caller is by now,
    /// `ENOMEM`.
    pub(crate) fn release_process(&self, process: &TaskRef) -> Result<usize> {
        let one_at_a_time = self.control_from_outside()?;
        if self.of_process(process)?.is_none() {
            return Err(ENOENT);
        }
        // The first thread may have exited while others go on.
        let first = usize::from(self.remove_formed(process.key()));
        let released = self.remove_each_thread(process, first);
        drop(one_at_a_time);
        self.settle_soon();
        Ok(released)
    }

    /// Removes a task, unless its association is being made. None becomes formed as
    /// long as `control` is held.
    fn remove_formed(&self, task: TaskKey) -> bool {
        self.remove_if(task, Membership::is_formed)
    }

    /// Ends an association and its parts: all their tasks become unassociated
    /// at once. Returns their number. Sockets keep their scope, and the
    /// associations stay listed until the last of them is closed.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none with this id, `EPERM` when the caller is
    /// associated by now.
    pub(crate) fn release_association(&self, id: u64) -> Result<usize> {
        let one_at_a_time = self.control_from_outside()?;
        let ending = self.by_id(id).ok_or(ENOENT)?;
        let released = self.end(&ending);
        drop(ending);
        drop(one_at_a_time);
        self.settle_soon();
        Ok(released)
    }

    /// Ends every association, as [`Self::release_association`] ends one.
    /// Returns how many tasks they had.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller is associated by now.
    pub(crate) fn release_all(&self) -> Result<usize> {
        let one_at_a_time = self.control_from_outside()?;
        // Twice: a part that was listed behind the first look, whose whole was not
        // ended yet. No whole is made meanwhile.
        self.revoke_all();
        self.revoke_all();
        let released = self.remove_revoked();
        drop(one_at_a_time);
        self.settle_soon();
        Ok(released)
    }

    /// Ends an association and its parts, without waiting for them to be gone.
    /// Returns the number of their tasks.
    pub(super) fn end(&self, ending: &Association) -> usize {
        self.revoke_within(ending);
        self.remove_revoked()
    }

    /// Takes all tasks out of the table that are in associations that were ended,
    /// also those that no list of tasks has: one that has exited but is still
    /// referred to, or is being made. Who comes later sees that its association
    /// was ended. Returns how many there were.
    fn remove_revoked(&self) -> usize {
        let removed = self.members.remove_where(Membership::is_revoked);
        self.note_removed(removed);
        removed
    }

    /// Removes the threads of `process` until a look at all tasks finds none of them.
    /// `removed` is how many were removed before, whose clones are waited for as
    /// well. Returns their number.
    fn remove_each_thread(&self, process: &TaskRef, mut removed: usize) -> usize {
        let mut total = 0;
        loop {
            task::each(|task| {
                let is_meant = task.is_thread_of(process) && self.remove_formed(task.key());
                removed += usize::from(is_meant);
                true
            });
            if removed == 0 {
                return total;
            }
            total += removed;
            removed = 0;
            // Children on their way found their maker released, or are found
            // at the next look.
            task::wait_for_clones();
        }
    }
}
