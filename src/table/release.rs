// SPDX-License-Identifier: GPL-2.0

//! Ending associations, and taking processes out of them. May sleep.

use kernel::prelude::*;

use crate::sys::task::{self, TaskRef, Visited};

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
        let _one_at_a_time = self.control_from_outside()?;
        if self.of_process(process)?.is_none() {
            return Err(ENOENT);
        }
        // The first thread may have exited while others go on.
        let first = usize::from(self.remove(process.key()));
        let released = self.remove_each(first, |task| task.is_thread_of(process));
        self.settle();
        Ok(released)
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
        let _one_at_a_time = self.control_from_outside()?;
        let ending = self.by_id(id).ok_or(ENOENT)?;
        let released = self.end_with_parts(&ending);
        drop(ending);
        self.settle();
        Ok(released)
    }

    /// Ends an association and its parts, without waiting for them to be gone.
    /// Returns the number of their tasks.
    pub(super) fn end_with_parts(&self, ending: &Association) -> usize {
        // All of them before the first look at the tasks: one look does for
        // all, and none can move to a part that goes on.
        self.revoke_within(ending);
        self.remove_each(0, |task| self.is_within(task.key(), ending))
    }

    /// Ends every association, as [`Self::release_association`] ends one.
    /// Returns how many tasks they had.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller is associated by now.
    pub(crate) fn release_all(&self) -> Result<usize> {
        let _one_at_a_time = self.control_from_outside()?;
        self.revoke_all();
        let released = self.remove_each(0, |_| true);
        self.settle();
        Ok(released)
    }

    /// Ends one association, which has no parts, as
    /// [`Self::release_association`] does, without waiting for it to be gone.
    pub(super) fn end(&self, association: &Association) {
        association.revoke();
        self.remove_each(0, |task| self.is_member(task.key(), association));
    }

    /// Removes the tasks that are `wanted` until a look at all tasks finds
    /// none of them. `removed` is how many were removed before, whose clones
    /// are waited for as well. Returns their number.
    fn remove_each(&self, mut removed: usize, wanted: impl Fn(&Visited<'_>) -> bool) -> usize {
        let mut total = 0;
        loop {
            task::each(|task| {
                removed += usize::from(wanted(&task) && self.remove(task.key()));
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
