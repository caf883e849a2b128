// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside, its first step: all their threads, and their
//! descendants if asked, are put into the association. May sleep.

use kernel::prelude::*;
use kernel::sync::Arc;
use kernel::time::{delay::fsleep, Delta};

use crate::sys::map::InsertError;
use crate::sys::task::{self, TaskRef};

use super::assign::Whom;
use super::membership::Membership;
use super::patience::Patience;
use super::{Association, Table};

/// Between looks for descendants, once there were so many.
const LOOKS_PAUSE: Delta = Delta::from_micros(1_000);
const QUICK_LOOKS: usize = 3;

impl Table {
    /// Puts the tasks that are asked for into `association`, and returns their
    /// processes.
    pub(super) fn take_in_all(
        &self,
        whom: &Whom<'_>,
        association: &Arc<Association>,
        patience: &Patience,
    ) -> Result<KVVec<TaskRef>> {
        self.take_in(whom.process, association, patience)?;
        let mut processes = KVVec::new();
        processes.push(whom.process.clone(), GFP_KERNEL)?;
        if whom.tree {
            let (mut exiting, mut looks) = (KVVec::new(), 0);
            while self.take_in_descendants(&mut processes, &mut exiting, association, patience)? {
                if patience.is_over() {
                    return Err(EAGAIN);
                }
                looks += 1;
                if looks > QUICK_LOOKS {
                    fsleep(LOOKS_PAUSE);
                }
            }
        }
        Ok(processes)
    }

    /// Puts the descendants of the first of `processes` into `association`, which
    /// are added. Whether any was not in, or exits, and was not known to: it may have
    /// made children since they were collected. Who is in has its later children in
    /// as well, so when all are, nobody is left out. `exiting` are those that were
    /// seen to exit before.
    fn take_in_descendants(
        &self,
        processes: &mut KVVec<TaskRef>,
        exiting: &mut KVVec<TaskRef>,
        association: &Arc<Association>,
        patience: &Patience,
    ) -> Result<bool> {
        let is_among = |all: &[TaskRef], one: &TaskRef| all.iter().any(|p| p.key() == one.key());
        let mut found = false;
        for process in processes[0].descendants()? {
            match self.take_in(&process, association, patience) {
                Ok(false) => {}
                Ok(true) => {
                    found = true;
                    if !is_among(processes, &process) {
                        processes.push(process, GFP_KERNEL)?;
                    }
                }
                Err(error) if error == ESRCH => {
                    if !self.is_within(process.key(), association) && !is_among(exiting, &process) {
                        found = true;
                        exiting.push(process, GFP_KERNEL)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Puts every thread of `process` into `association`, until a look finds
    /// none that is not. Whether any was not. `ESRCH` when all have begun to exit,
    /// `EAGAIN` when it makes others faster than they can be put in.
    fn take_in(
        &self,
        process: &TaskRef,
        association: &Arc<Association>,
        patience: &Patience,
    ) -> Result<bool> {
        let (mut found_any, mut added_any) = (false, false);
        loop {
            if patience.is_over() {
                return Err(EAGAIN);
            }
            let mut added = false;
            for thread in process.threads()? {
                found_any = true;
                match self.association(thread.key()) {
                    // Or in a part of it, if it narrowed itself.
                    Some(other) if other.is_within(association) => continue,
                    Some(_) => return Err(EEXIST),
                    None => {}
                }
                added = true;
                let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                match self.insert(thread.key(), membership, GFP_KERNEL) {
                    Ok(()) => {}
                    // It inherited this moment, which the next look tells, or
                    // is still down for an association that was ended.
                    Err(InsertError::Occupied) => {
                        self.remove_if(thread.key(), Membership::is_revoked);
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
