// SPDX-License-Identifier: GPL-2.0

//! Step 1: all threads of the process become members, and its descendants if asked:
//! the steps of [`protocol::TakeIn`] on the table.

use kernel::prelude::*;
use kernel::time::{delay::fsleep, Delta};

use crate::protocol::{self, Standing, TakeIn, TakeInTree};
use crate::sys::map::InsertError;
use crate::sys::task::{self, TaskRef};

use super::Assignment;
use crate::table::known;
use crate::table::membership::Membership;

/// The pause between looks for descendants, after the first [`QUICK_LOOKS`].
const LOOKS_PAUSE: Delta = Delta::from_micros(1_000);
const QUICK_LOOKS: usize = 3;

impl Assignment<'_> {
    /// Makes the tasks that are asked for members, and notes their processes. Context:
    /// process, may sleep.
    ///
    /// # Errors
    ///
    /// `EEXIST` when one is associated already, `ESRCH` when the process has exited,
    /// `EAGAIN` when they make others faster than can be followed, `ENOMEM`.
    pub(super) fn take_in_all(&mut self) -> Result {
        let process = self.whom.process;
        if self.whom.tree {
            let done = protocol::take_in_tree(self, process);
            // Those that exit need not stay for the other steps.
            self.exiting = KVVec::new();
            return done;
        }
        protocol::take_in_process(self, process)?;
        self.note(process)
    }
}

fn is_among(all: &[TaskRef], one: &TaskRef) -> bool {
    all.iter().any(|process| process.key() == one.key())
}

impl TakeIn for Assignment<'_> {
    type Process = TaskRef;
    type Thread = TaskRef;
    type Stop = Error;

    fn is_over(&mut self) -> Result<bool> {
        Ok(self.patience.is_over())
    }

    fn each_thread(
        &mut self,
        process: &TaskRef,
        mut visit: impl FnMut(&mut Self, &TaskRef) -> Result,
    ) -> Result {
        process
            .threads()?
            .iter()
            .try_for_each(|thread| visit(self, thread))
    }

    fn standing(&mut self, thread: &TaskRef) -> Result<Standing> {
        if let Some(origin) = &self.origin {
            return self.standing_from(origin, thread);
        }
        Ok(match self.tenants.members.association(thread.key()) {
            None => Standing::Outside,
            // Or in a part, if the process narrowed itself.
            Some(own) if own.is_within(&self.association) => Standing::Inside,
            Some(_) => Standing::Elsewhere,
        })
    }

    fn insert(&mut self, thread: &TaskRef) -> Result<bool> {
        if let Some(own) = &self.whom.own {
            own.permit_member(thread)?;
        }
        let membership = Membership::join(self.association.clone(), self.stage).ok_or(ENOENT)?;
        membership.set_process(thread.tgid());
        if let Some(origin) = &self.origin {
            return self.replace(origin, thread, membership);
        }
        let members = &self.tenants.members;
        // First: a hook that finds no tag does not look for a membership.
        thread.tag();
        known::change_member(thread, || {
            match members.insert(thread.key(), membership, GFP_KERNEL) {
                Ok(()) => Ok(true),
                Err(InsertError::Occupied) => Ok(false),
                Err(InsertError::Table(error)) => Err(error),
            }
        })
    }

    fn remove_ended(&mut self, thread: &TaskRef) -> Result {
        let members = &self.tenants.members;
        members.remove_if(thread.key(), Membership::is_revoked);
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Result {
        task::wait_for_clones();
        Ok(())
    }
}

impl TakeInTree for Assignment<'_> {
    fn each_descendant(&mut self, mut visit: impl FnMut(&mut Self, &TaskRef) -> Result) -> Result {
        self.whom
            .process
            .descendants()?
            .iter()
            .try_for_each(|process| visit(self, process))
    }

    fn is_exited(stop: &Error) -> bool {
        *stop == ESRCH
    }

    fn note(&mut self, process: &TaskRef) -> Result {
        if !is_among(&self.processes, process) {
            self.processes.push(process.clone(), GFP_KERNEL)?;
        }
        self.take_along(process)
    }

    fn is_member(&mut self, process: &TaskRef) -> Result<bool> {
        let members = &self.tenants.members;
        Ok(members.is_within(process.key(), &self.association))
    }

    fn note_exiting(&mut self, process: &TaskRef) -> Result<bool> {
        let is_new = !is_among(&self.exiting, process);
        if is_new {
            self.exiting.push(process.clone(), GFP_KERNEL)?;
        }
        Ok(is_new)
    }

    fn pause(&mut self, looks: usize) -> Result {
        if looks > QUICK_LOOKS {
            fsleep(LOOKS_PAUSE);
        }
        Ok(())
    }
}
