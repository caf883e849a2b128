// SPDX-License-Identifier: GPL-2.0

//! Step 1: all threads of the process become members, and its descendants if asked.

use kernel::prelude::*;
use kernel::time::{delay::fsleep, Delta};

use crate::sys::map::InsertError;
use crate::sys::task::{self, TaskRef};

use super::Assignment;
use crate::table::membership::Membership;
use crate::table::patience::Patience;

/// Between looks for descendants, once there were so many.
const LOOKS_PAUSE: Delta = Delta::from_micros(1_000);
const QUICK_LOOKS: usize = 3;

impl Assignment<'_> {
    /// Puts the tasks that are asked for into the association, and notes their
    /// processes.
    ///
    /// # Errors
    ///
    /// `EEXIST` when one is associated already, `ESRCH` when the process has exited,
    /// `EAGAIN` when they make others faster than can be followed, `ENOMEM`.
    pub(super) fn take_in(&mut self, patience: &Patience) -> Result {
        self.take_in_process(self.whom.process, patience)?;
        self.processes.push(self.whom.process.clone(), GFP_KERNEL)?;
        if !self.whom.tree {
            return Ok(());
        }
        let (mut exiting, mut looks) = (KVVec::new(), 0);
        while self.take_in_descendants(&mut exiting, patience)? {
            if patience.is_over() {
                return Err(EAGAIN);
            }
            looks += 1;
            if looks > QUICK_LOOKS {
                fsleep(LOOKS_PAUSE);
            }
        }
        Ok(())
    }

    /// Puts the descendants of the process into the association, and notes them.
    /// Whether any was not in, or exits, and was not known to: it may have made
    /// children since they were collected. Children of a member are members, so when
    /// every descendant is one, none can be outside. `exiting` are those that were
    /// seen to exit before.
    fn take_in_descendants(
        &mut self,
        exiting: &mut KVVec<TaskRef>,
        patience: &Patience,
    ) -> Result<bool> {
        let is_among = |all: &[TaskRef], one: &TaskRef| all.iter().any(|p| p.key() == one.key());
        let mut found = false;
        for process in self.whom.process.descendants()? {
            match self.take_in_process(&process, patience) {
                Ok(false) => {}
                Ok(true) => {
                    found = true;
                    if !is_among(&self.processes, &process) {
                        self.processes.push(process, GFP_KERNEL)?;
                    }
                }
                Err(error) if error == ESRCH => {
                    let members = &self.tenants.members;
                    let is_in = members.is_within(process.key(), &self.association);
                    if !is_in && !is_among(exiting, &process) {
                        found = true;
                        exiting.push(process, GFP_KERNEL)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Puts every thread of `process` into the association, until a look finds
    /// none that is not. Whether any was not. `ESRCH` when all have begun to exit,
    /// `EAGAIN` when it makes others faster than they can be put in.
    fn take_in_process(&self, process: &TaskRef, patience: &Patience) -> Result<bool> {
        let (association, members) = (&self.association, &self.tenants.members);
        let (mut found_any, mut added_any) = (false, false);
        loop {
            if patience.is_over() {
                return Err(EAGAIN);
            }
            let mut added = false;
            for thread in process.threads()? {
                found_any = true;
                match members.association(thread.key()) {
                    // Or in a part of it, if it narrowed itself.
                    Some(other) if other.is_within(association) => continue,
                    Some(_) => return Err(EEXIST),
                    None => {}
                }
                added = true;
                let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                match members.insert(thread.key(), membership, GFP_KERNEL) {
                    Ok(()) => {}
                    // It inherited this moment, which the next look tells, or
                    // is still down for an association that was ended.
                    Err(InsertError::Occupied) => {
                        members.remove_if(thread.key(), Membership::is_revoked);
                    }
                    Err(InsertError::Table(error)) => return Err(error),
                }
            }
            if !found_any {
                return Err(ESRCH);
            }
            if !added {
                return Ok(added_any);
            }
            added_any = true;
            // A thread made by one of them before it was in either was in time
            // to be put in by `catch_up` or is found at the next look.
            task::wait_for_clones();
        }
    }
}
