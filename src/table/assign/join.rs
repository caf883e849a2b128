// SPDX-License-Identifier: GPL-2.0

//! Putting processes into an association that is there: the steps of `assign`, with
//! memberships that have a mark until all steps are done, and that stop counting all at once if
//! one fails. Context: process, may sleep.

use core::convert::Infallible;

use kernel::prelude::*;
use kernel::sync::Arc;

use super::{Assignment, Refused, Whom};
use crate::protocol::{self, Expel};
use crate::sys::task::{self, TaskRef};
use crate::table::association::{Association, Stage, User};
use crate::table::delegate::permit_owner;
use crate::table::membership::Membership;
use crate::table::patience;
use crate::table::tenant::Mark;
use crate::table::tenants::Tenants;

/// As long as this lives, tasks with its mark are joining, and no other call puts processes
/// into the tenant.
pub(super) struct TakingIn<'a> {
    association: &'a Association,
    mark: Mark,
}

impl<'a> TakingIn<'a> {
    /// Waits until no other call puts processes into the tenant. `moving`: from another
    /// association.
    ///
    /// # Errors
    ///
    /// `ERESTARTNOINTR` when a signal comes meanwhile.
    pub(super) fn begin(
        tenants: &Tenants,
        association: &'a Association,
        moving: bool,
    ) -> Result<Self> {
        let tenant = association.tenant();
        let mark = loop {
            match tenant.try_take_in() {
                Some(mark) => break mark,
                None => patience::pause()?,
            }
        };
        // There are few marks. Of those that had this one a hundred calls ago none is joining.
        tenants.members.take_off(association, mark);
        tenant.begin_joining(mark, moving);
        Ok(Self { association, mark })
    }

    /// The mark.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }
}

impl Drop for TakingIn<'_> {
    fn drop(&mut self) {
        self.association.tenant().end_taking_in();
    }
}

impl Tenants {
    /// Puts all threads of a process into an association, with their sockets, and its
    /// descendants if that is asked for. All or nothing; descendants may be members already.
    ///
    /// # Errors
    ///
    /// As [`Self::assign`], and
    ///
    /// * `EINVAL`: the association is a part of another;
    /// * `ENOENT`: it has ended, or was released meanwhile;
    /// * `ERESTARTNOINTR`: a signal came while another call put processes into it.
    ///
    /// The processes are in no association then. Sockets that were taken in keep its scope.
    pub(crate) fn join(
        &self,
        whom: &Whom<'_>,
        association: &Arc<Association>,
    ) -> core::result::Result<(), Refused> {
        if whom.process.is_kernel_thread() || association.depth() > 0 {
            return Err(EINVAL.into());
        }
        permit_owner(whom.user(), association)?;
        let taking_in = TakingIn::begin(self, association, false)?;
        if self.members.association(whom.process.key()).is_some() {
            return Err(EEXIST.into());
        }
        // Read before anything else: a release from now on is seen.
        let stage = Stage {
            mark: taking_in.mark,
            ..association.stage()
        };
        let first = User::join(association.clone()).ok_or(ENOENT)?;
        self.complete(Assignment::new(
            self,
            whom,
            association.clone(),
            stage,
            first,
        ))?;
        Ok(())
    }
}

impl Assignment<'_> {
    /// Whether it puts processes into an association that is there.
    pub(super) fn is_joining(&self) -> bool {
        self.stage.mark != Mark::NONE
    }

    /// Whether the caller may put processes into the association, in step 3.
    ///
    /// # Errors
    ///
    /// `EPERM` when it is associated elsewhere; or when it is a user, and the set of the
    /// association is not within its grant. `ENOMEM`.
    pub(super) fn permit_joining(&self) -> Result {
        let tenants = self.tenants;
        tenants.permit_caller_within(&self.association)?;
        match self.whom.user() {
            Some(uid) => tenants.permit_set(uid, &self.association, &tenants.holdings.control()),
            None => Ok(()),
        }
    }

    /// The last step: those that joined are members as others are.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the association was released meanwhile.
    pub(super) fn confirm(&self) -> Result {
        if self.association.has_left(self.stage) {
            return Err(ENOENT);
        }
        let members = &self.tenants.members;
        members.take_off(&self.association, self.stage.mark);
        // The call that made it may have failed, and left it with sockets.
        self.association.tenant().set_settled();
        Ok(())
    }

    /// Takes out those that were joining, all at once.
    pub(super) fn expel(&self) {
        let Ok(()) = protocol::expel(&mut Ending(self));
    }

    /// How many tasks there are that the call is about, those that are being made included.
    pub(super) fn count(&self) -> usize {
        match self.is_joining() {
            true => self.association.tenant().newcomers(),
            false => self.association.tasks(),
        }
    }

    /// Whether the call is about a task, which is a member of the association or of a part.
    pub(super) fn is_meant(&self, task: &TaskRef) -> bool {
        !self.is_joining()
            || self
                .tenants
                .members
                .has_such(task.key(), Membership::is_joining)
    }

    /// The tasks that the call is about, those in parts included.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn all_meant(&self) -> Result<KVVec<TaskRef>> {
        let mut tasks = self.tenants.members.tasks_within(&self.association)?;
        tasks.retain(|task| self.is_meant(task));
        Ok(tasks)
    }
}

/// The end of the call.
struct Ending<'a, 'b>(&'a Assignment<'b>);

impl Expel for Ending<'_, '_> {
    type Stop = Infallible;

    fn refuse(&mut self, refuse: bool) -> Result<(), Infallible> {
        let mark = match refuse {
            true => self.0.stage.mark,
            false => Mark::NONE,
        };
        self.0.association.refuse(mark);
        Ok(())
    }

    fn remove_refused(&mut self) -> Result<(), Infallible> {
        self.0.tenants.members.remove_revoked();
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Result<(), Infallible> {
        task::wait_for_clones();
        Ok(())
    }
}
