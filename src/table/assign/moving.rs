// SPDX-License-Identifier: GPL-2.0

//! Moving processes from one association to another: the steps of a join, with memberships that
//! replace others. Context: process, may sleep.

use core::convert::Infallible;

use kernel::prelude::*;
use kernel::sync::Arc;

use super::join::TakingIn;
use super::{Assignment, Refused, Whom};
use crate::protocol::{self, PutBack, Standing};
use crate::sys::map::Entry;
use crate::sys::task::{self, TaskRef};
use crate::table::association::{Association, Epoch, Stage, User};
use crate::table::known;
use crate::table::membership::Membership;
use crate::table::patience;
use crate::table::tenant::Mark;
use crate::table::tenants::Tenants;

/// Where processes come from: an association, and the epoch of their memberships in it.
pub(super) struct Origin {
    // Keeps it while the processes are elsewhere.
    user: User,
    epoch: Epoch,
}

impl Origin {
    /// Where a process is, once the call that put it there has succeeded.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is in no association; `ERESTARTNOINTR` when a signal comes meanwhile;
    /// `ENOMEM`.
    fn of(tenants: &Tenants, process: &TaskRef) -> Result<Self> {
        loop {
            let found = tenants.members.of_any(process, |membership| {
                let settled = membership.is_settled();
                let association = membership.association()?;
                Some((association, membership.epoch(), settled))
            })?;
            let (association, epoch, settled) = found.ok_or(ENOENT)?;
            if settled {
                let user = User::join(association).ok_or(ENOENT)?;
                return Ok(Self { user, epoch });
            }
            patience::pause()?;
        }
    }

    fn association(&self) -> &Association {
        self.user.association()
    }

    /// Of memberships of those that were put back.
    fn stage(&self) -> Stage {
        Stage {
            epoch: self.epoch,
            mark: Mark::NONE,
        }
    }

    /// Whether a membership is to be replaced.
    fn has(&self, membership: &Membership) -> bool {
        membership.is_of(self.association())
            && membership.epoch() == self.epoch
            && membership.is_settled()
            && !membership.is_revoked()
    }
}

/// As long as this lives, no call releases processes from the associations that they are moved
/// between.
struct Moving<'a>([&'a Association; 2]);

impl<'a> Moving<'a> {
    /// # Errors
    ///
    /// `EPERM` when the caller has become associated.
    fn begin(tenants: &Tenants, between: [&'a Association; 2]) -> Result<Self> {
        let mut control = tenants.control_from_outside()?;
        for association in between {
            association.tenant().add_move(&mut control);
        }
        Ok(Self(between))
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        for association in self.0 {
            association.tenant().remove_move();
        }
    }
}

impl Tenants {
    /// Moves all threads of a process from the association where they are to another that is
    /// there, and its descendants if that is asked for. All or nothing. At every moment each task is
    /// in one of the two. Sockets stay where they are, and cannot be used any more.
    ///
    /// Descendants must be in the same association as the process, or in the other one.
    ///
    /// # Errors
    ///
    /// As [`Self::join`], and
    ///
    /// * `ENOENT`: a task is in no association;
    /// * `EEXIST`: the process is in the association already, or a task is in neither.
    ///
    /// The processes are where they were then, unless they were released from there meanwhile.
    pub(crate) fn move_to(
        &self,
        whom: &Whom<'_>,
        association: &Arc<Association>,
    ) -> core::result::Result<(), Refused> {
        if association.depth() > 0 {
            return Err(EINVAL.into());
        }
        let origin = Origin::of(self, whom.process)?;
        if core::ptr::eq(origin.association(), &**association) {
            return Err(EEXIST.into());
        }
        let from = origin.user.shared();
        let taking_in = TakingIn::begin(self, association, true)?;
        // A release from now on waits until the tasks are in one of the two for good.
        let _moving = Moving::begin(self, [&from, association])?;
        let stage = Stage {
            mark: taking_in.mark(),
            ..association.stage()
        };
        let first = User::join(association.clone()).ok_or(ENOENT)?;
        let mut assignment = Assignment::new(self, whom, association.clone(), stage, first);
        assignment.origin = Some(origin);
        self.complete(assignment)?;
        Ok(())
    }
}

impl Assignment<'_> {
    /// Where a thread is that is to be moved, seen from the call: [`Standing::Outside`] is where it
    /// comes from.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is in no association.
    pub(super) fn standing_from(&self, origin: &Origin, thread: &TaskRef) -> Result<Standing> {
        let standing = self
            .tenants
            .members
            .with_membership(thread.key(), |membership| {
                if origin.has(membership) {
                    Some(Standing::Outside)
                } else if membership.is_revoked() {
                    None
                } else if membership.is_of(&self.association) {
                    Some(Standing::Inside)
                } else {
                    Some(Standing::Elsewhere)
                }
            });
        standing.flatten().ok_or(ENOENT)
    }

    /// Replaces the membership of a thread, unless it has another by now. Returns whether it did.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn replace(
        &self,
        origin: &Origin,
        thread: &TaskRef,
        membership: Membership,
    ) -> Result<bool> {
        let entry = Entry::new(membership, GFP_KERNEL)?;
        let members = &self.tenants.members;
        known::change_member(thread, || {
            Ok(members.replace_if(thread.key(), entry, |old, _| origin.has(old)))
        })
    }

    /// Moves the first thread of a process as well, if that has exited: it stays on the list of
    /// tasks as long as the process has others.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `ENOENT` when the association has ended.
    pub(super) fn take_along(&self, process: &TaskRef) -> Result {
        let Some(origin) = &self.origin else {
            return Ok(());
        };
        let members = &self.tenants.members;
        if members.has_such(process.key(), |membership| origin.has(membership)) {
            let membership = Membership::join(self.association.clone(), self.stage);
            let membership = membership.ok_or(ENOENT)?;
            membership.set_process(process.tgid());
            self.replace(origin, process, membership)?;
        }
        Ok(())
    }

    /// Puts back those that were moved.
    pub(super) fn put_back(&self, origin: &Origin) {
        self.association.tenant().set_putting_back();
        let Ok(()) = protocol::put_back(&mut Returning {
            assignment: self,
            origin,
        });
    }
}

/// The end of a call that could not move processes.
struct Returning<'a, 'b> {
    assignment: &'a Assignment<'b>,
    origin: &'a Origin,
}

impl Returning<'_, '_> {
    fn is_moved(&self, membership: &Membership) -> bool {
        let Assignment {
            association, stage, ..
        } = self.assignment;
        membership.is_moved(association, stage.mark)
    }
}

/// The result of `make`, which is tried again until there is memory. Sleeps.
fn until_there_is_memory<T>(mut make: impl FnMut() -> Result<T>) -> T {
    loop {
        match make() {
            Ok(made) => return made,
            Err(_) => patience::wait(),
        }
    }
}

impl PutBack for Returning<'_, '_> {
    type Task = TaskRef;
    type Stop = Infallible;

    fn each_moved(
        &mut self,
        mut visit: impl FnMut(&mut Self, &TaskRef) -> Result<(), Infallible>,
    ) -> Result<(), Infallible> {
        let members = &self.assignment.tenants.members;
        let association = &self.assignment.association;
        let mut tasks = until_there_is_memory(|| members.tasks_within(association));
        tasks.retain(|task| members.has_such(task.key(), |m| self.is_moved(m)));
        tasks.iter().try_for_each(|task| visit(self, task))
    }

    fn put_back(&mut self, task: &TaskRef) -> Result<(), Infallible> {
        let members = &self.assignment.tenants.members;
        let from = &self.origin.user;
        let entry = until_there_is_memory(|| {
            let Some(membership) = Membership::join(from.shared(), self.origin.stage()) else {
                return Ok(None);
            };
            membership.set_process(task.tgid());
            membership.set_searched();
            Entry::new(membership, GFP_KERNEL).map(Some)
        });
        let Some(entry) = entry else {
            // Its tasks were released, which no call does meanwhile.
            members.remove_if(task.key(), |membership| self.is_moved(membership));
            return Ok(());
        };
        // No other call changes such a membership, so this succeeds.
        let _ = known::change_member(task, || {
            Ok(members.replace_if(task.key(), entry, |old, _| self.is_moved(old)))
        });
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Result<(), Infallible> {
        task::wait_for_clones();
        Ok(())
    }
}
