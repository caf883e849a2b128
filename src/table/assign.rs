// SPDX-License-Identifier: GPL-2.0

//! Associating processes, and ending it. May sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::Name;
use crate::sys::map::InsertError;
use crate::sys::task::{self, TaskRef};

use super::association::Membership;
use super::{AddressSet, Association, Table};

impl Table {
    /// Makes an association and puts all threads of `process` into it. Returns
    /// its id. All or nothing.
    ///
    /// # Errors
    ///
    /// `EEXIST` when a thread is associated already, `ESRCH` when the process
    /// has exited, `EINVAL` for a kernel thread, `ENOMEM`.
    pub(crate) fn assign(&self, process: &TaskRef, name: Name, set: AddressSet) -> Result<u64> {
        if process.is_kernel_thread() {
            return Err(EINVAL);
        }
        let _one_at_a_time = self.control.lock();
        if self.of_process(process)?.is_some() {
            return Err(EEXIST);
        }
        let (association, first) = Association::new(self.new_id(), name, set)?;
        let done = self
            .take_in(process, &association)
            .and_then(|()| self.list(&association));
        if let Err(error) = done {
            self.end(&association);
            return Err(error);
        }
        drop(first);
        Ok(association.id())
    }

    /// Takes a process, with all its threads, out of its association. Returns
    /// the number of threads. Children stay.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, `ENOMEM`.
    pub(crate) fn release_process(&self, process: &TaskRef) -> Result<usize> {
        let _one_at_a_time = self.control.lock();
        if self.of_process(process)?.is_none() {
            return Err(ENOENT);
        }
        // The first thread may have exited while others go on.
        let mut released = usize::from(self.remove(process.key()));
        loop {
            let threads = process.threads()?;
            let removed = threads.iter().filter(|t| self.remove(t.key())).count();
            if removed == 0 {
                break;
            }
            released += removed;
        }
        self.settle();
        Ok(released)
    }

    /// Ends an association: all its tasks become unassociated at once. Returns
    /// their number.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none with this id.
    pub(crate) fn release_association(&self, id: u64) -> Result<usize> {
        let _one_at_a_time = self.control.lock();
        let association = self.unlist(id).ok_or(ENOENT)?;
        let released = self.end(&association);
        self.settle();
        Ok(released)
    }

    /// Puts every thread of `process` into `association`, until a look finds
    /// none that is not.
    fn take_in(&self, process: &TaskRef, association: &Arc<Association>) -> Result {
        let mut found_any = false;
        loop {
            let mut added = false;
            for thread in process.threads()? {
                found_any = true;
                let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                match self.insert(thread.key(), membership, GFP_KERNEL) {
                    Ok(()) => added = true,
                    // It inherited this one: of_process() said that there is
                    // no other, and others are kept out by the lock.
                    Err(InsertError::Occupied) => {}
                    Err(InsertError::Table(error)) => return Err(error),
                }
            }
            if !found_any {
                return Err(ESRCH);
            }
            if !added {
                return Ok(());
            }
            // A thread made by one of them before it was in either was in time
            // to be put in by `catch_up` or is found at the next look.
            task::wait_for_clones();
        }
    }

    /// Revokes an association, from which moment it holds for nobody, and
    /// removes what tasks it has. Returns their number.
    fn end(&self, association: &Association) -> usize {
        association.revoke();
        let mut removed = 0;
        task::each(|task| {
            if self.is_member(task.key(), association) && self.remove(task.key()) {
                removed += 1;
            }
            true
        });
        removed
    }
}
