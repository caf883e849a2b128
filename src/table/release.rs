// SPDX-License-Identifier: GPL-2.0

//! Ending associations, and taking processes out of them. May sleep.

use kernel::prelude::*;

use crate::sys::task::{self, TaskRef};

use super::control::Control;
use super::patience::Patience;
use super::tenants::Tenants;

impl Tenants {
    /// Takes a process, with all its threads, out of its association. Returns
    /// the number of threads. Children stay, and sockets keep their scope.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, `EPERM` when the caller is by now,
    /// `ENOMEM`; nothing changed. `EAGAIN` when its threads make others faster than
    /// they are released: those that were made last stay associated.
    pub(crate) fn release_process(&self, process: &TaskRef) -> Result<usize> {
        let control = self.control_from_outside()?;
        if self.members.of_process(process)?.is_none() {
            return Err(ENOENT);
        }
        // The first thread may have exited while others go on.
        let first = usize::from(self.members.remove_formed(process.key(), &control));
        let released = self.remove_each_thread(process, first, &control);
        drop(control);
        self.settle_soon();
        released
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
        let control = self.control_from_outside()?;
        let ending = self.registry().by_id(id).ok_or(ENOENT)?;
        let released = self.end(&ending);
        drop(ending);
        drop(control);
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
        let control = self.control_from_outside()?;
        // Twice: a part that was listed behind the first look, whose whole was not
        // ended yet. No whole is made meanwhile.
        self.registry().revoke_all();
        self.registry().revoke_all();
        let released = self.members.remove_revoked();
        drop(control);
        self.settle_soon();
        Ok(released)
    }

    /// Removes the threads of `process` until a look at all tasks finds none of them.
    /// `removed` is how many were removed before, whose clones are waited for as
    /// well. Returns their number.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when that has no end, as other control calls wait for it.
    fn remove_each_thread(
        &self,
        process: &TaskRef,
        mut removed: usize,
        control: &Control,
    ) -> Result<usize> {
        let patience = Patience::new();
        let mut total = 0;
        loop {
            task::each(|task| {
                let is_meant =
                    task.is_thread_of(process) && self.members.remove_formed(task.key(), control);
                removed += usize::from(is_meant);
                true
            });
            if removed == 0 {
                return Ok(total);
            }
            if patience.is_over() {
                return Err(EAGAIN);
            }
            total += removed;
            removed = 0;
            // Children on their way found their maker released, or are found
            // at the next look.
            task::wait_for_clones();
        }
    }
}
