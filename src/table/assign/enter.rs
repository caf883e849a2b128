// SPDX-License-Identifier: GPL-2.0

//! The running task becomes a member of an association when it executes a program, because a rule
//! applies: the steps of [`protocol::enter`] on the table. Context: process, may sleep.

use core::slice;

use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::barrier::smp_mb;
use kernel::sync::Arc;

use crate::events::Happening;
use crate::policy::Program;
use crate::protocol::{self, Enter};
use crate::sys::map::InsertError;
use crate::sys::task::{self, TaskKey, TaskRef};
use crate::table::association::{Association, Stage};
use crate::table::files;
use crate::table::known;
use crate::table::membership::{Membership, Place};
use crate::table::sockets;
use crate::table::tenants::Tenants;

use super::search;

impl Tenants {
    /// The id of the association that the running task is to be a member of when it executes
    /// `program`. `None` if no rule applies, or it is a member of one.
    ///
    /// # Errors
    ///
    /// `EPERM` when it cannot become a member: the association is not there, or the task holds a
    /// bypass that does not end with its present program.
    pub(crate) fn select(&self, program: &mut impl Program) -> Result<Option<u32>> {
        if self.members.place(TaskKey::current()) == Place::Member {
            return Ok(None);
        }
        let Some(id) = self.holdings.rules.select(program) else {
            return Ok(None);
        };
        if self.registry().by_id(id.into()).is_none() || keeps_bypass() {
            return Err(EPERM);
        }
        Ok(Some(id))
    }

    /// Makes the running task, which begins to execute a program, a member of the association
    /// with this id, and its sockets the association's.
    ///
    /// # Errors
    ///
    /// The task must be killed: `ENOENT` when the association is not there, `EBUSY` when the task
    /// holds a bypass, `EAGAIN` when another call is putting it into an association, `ENOMEM`.
    pub(crate) fn enter(&self, id: u32) -> Result {
        let mut entering = Entering {
            tenants: self,
            task: TaskRef::current_process(),
            association: self.registry().by_id(id.into()).ok_or(ENOENT)?,
            stage: None,
        };
        protocol::enter(&mut entering)?;
        entering.association.subject().has(Happening::Joined);
        Ok(())
    }
}

/// Whether the running task has a bypass open that the next program of its process inherits.
fn keeps_bypass() -> bool {
    let mut found = false;
    TaskRef::current_process().each_file(|file, _| {
        // Its memory is another with the next program.
        found = !file.closes && files::bypass(file, |_| false).is_some();
        !found
    });
    found
}

/// The running task becomes a member.
struct Entering<'a> {
    tenants: &'a Tenants,
    task: TaskRef,
    association: Arc<Association>,
    // Of its membership.
    stage: Option<Stage>,
}

impl Entering<'_> {
    /// Whether it traces a task that is not a member.
    fn traces_others(&self) -> bool {
        let mut found = false;
        if self.task.traces() {
            task::each(|task| {
                let traced = task.tracer() == Some(self.task.key());
                found = traced
                    && !self
                        .tenants
                        .members
                        .is_within(task.key(), &self.association);
                !found
            });
        }
        found
    }
}

impl Enter for Entering<'_> {
    type Stop = Error;

    fn insert(&mut self) -> Result<bool> {
        let stage = self.association.stage();
        // After the look at the stage: a release of everything undefines it first. So nobody
        // enters who is not released as well.
        smp_mb(ordering::Full);
        if !self.association.is_defined() {
            return Err(ENOENT);
        }
        let Some(membership) = Membership::join(self.association.clone(), stage) else {
            return match self.association.has_left(stage) {
                // Released at this moment.
                true => Ok(false),
                false => Err(ENOENT),
            };
        };
        membership.set_process(self.task.tgid());
        self.stage = Some(stage);
        let members = &self.tenants.members;
        // First: a hook that finds no tag does not look for a membership.
        self.task.tag();
        known::change_member(&self.task, || {
            match members.insert(self.task.key(), membership, GFP_KERNEL_ACCOUNT) {
                Ok(()) => Ok(true),
                Err(InsertError::Occupied) => Ok(false),
                Err(InsertError::Table(error)) => Err(error),
            }
        })
    }

    fn was_released(&mut self) -> Result<bool> {
        // Pairs with the barrier in `Association::revoke`.
        smp_mb(ordering::Full);
        Ok(self
            .stage
            .is_none_or(|stage| self.association.has_left(stage)))
    }

    fn remove_released(&mut self) -> Result {
        let members = &self.tenants.members;
        members.remove_if(self.task.key(), Membership::is_revoked);
        Ok(())
    }

    fn is_member(&mut self) -> Result<bool> {
        match self.tenants.members.place(self.task.key()) {
            Place::Outside => Ok(false),
            Place::Unsettled => Err(EAGAIN),
            Place::Member => Ok(true),
        }
    }

    fn adopt(&mut self) -> Result {
        let mut unindexed = false;
        sockets::adopt(&self.task, &self.association, &mut unindexed);
        if unindexed {
            sockets::index(slice::from_ref(&self.task), &self.association);
        }
        Ok(())
    }

    fn look_through(&mut self) -> Result {
        // Its memory is that of the program, and has no mapping of its choice yet.
        let holds = search::opened(&self.task).is_some()
            || sockets::half_a_message(&self.task, &self.association).is_some()
            || self.traces_others();
        if holds {
            return Err(EBUSY);
        }
        // It may be in another by now, for which it was not searched.
        let members = &self.tenants.members;
        members.with_membership(self.task.key(), |membership| {
            if membership.is_within(&self.association) {
                membership.set_searched();
            }
        });
        Ok(())
    }
}
