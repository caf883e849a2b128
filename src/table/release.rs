// SPDX-License-Identifier: GPL-2.0

//! Ending associations, and releasing processes from them: the steps of
//! [`protocol::release_process`] and its kind on the table. Context: process, may
//! sleep.

use core::convert::Infallible;

use kernel::prelude::*;
use kernel::sync::MutexGuard;

use crate::events::Happening;
use crate::policy::Uid;
use crate::protocol::{self, Release, ReleaseProcess};
use crate::sys::task::{self, TaskKey, TaskRef};

use super::association::Association;
use super::control::Control;
use super::delegate::permit_owner;
use super::membership::Membership;
use super::patience::{self, Patience};
use super::tenants::Tenants;

impl Tenants {
    /// Removes a process, with all its threads, from its association. Returns the
    /// number of threads. Children stay, and sockets keep their scope.
    ///
    /// # Errors
    ///
    /// * `ENOENT`: the process is not associated;
    /// * `EPERM`: the caller has become associated, or is a user that did not make the association;
    /// * `ENOMEM`. Nothing changed, as in the cases above;
    /// * `EAGAIN`: its threads make others faster than they are released. The threads that were made
    ///   last stay associated.
    pub(crate) fn release_process(&self, process: &TaskRef, user: Option<Uid>) -> Result<usize> {
        let left = self.members.of_process(process)?;
        let control = self.control_between_moves(|control| {
            if user.is_some() {
                let association = self.members.of_process(process)?.ok_or(EPERM)?;
                permit_owner(user, &association)?;
            }
            let moves = |membership: &Membership| Some(membership.tenant().has_moves(control));
            Ok(self.members.of_any(process, moves)?.unwrap_or(false))
        })?;
        let released = protocol::release_process(&mut Releasing {
            tenants: self,
            process,
            user,
            control: &control,
            patience: Patience::new(),
        });
        drop(control);
        if let (Ok(_), Some(left)) = (&released, left) {
            left.subject().has_for(Happening::Left, process.tgid());
        }
        self.settle_soon();
        released
    }

    /// Ends an association and its parts: all their tasks become unassociated at
    /// once. Returns the number of tasks. Sockets keep their scope, and the
    /// associations stay listed until the last of these is closed. With `unused` they
    /// must have none: only one that a task makes at this very moment remains.
    ///
    /// # Errors
    ///
    /// `ENOENT` when no association has this id, `EBUSY` when one is used, `EPERM` when
    /// the caller has become associated; nothing changed.
    pub(crate) fn release_association(
        &self,
        id: u64,
        unused: bool,
        user: Option<Uid>,
    ) -> Result<usize> {
        let found = || {
            let missing = user.map_or(ENOENT, |_| EPERM);
            let found = self.registry().by_id(id).ok_or(missing)?;
            permit_owner(user, &found)?;
            Ok(found)
        };
        let control = self.control_between_moves(|control| {
            found().map(|ending| ending.tenant().has_moves(control))
        })?;
        let ending = found()?;
        if unused && self.has_sockets_within(&ending) {
            return Err(EBUSY);
        }
        let released = self.end(&ending);
        drop(ending);
        drop(control);
        self.settle_soon();
        Ok(released)
    }

    /// Ends every association, as [`Self::release_association`] ends one, and removes the rules.
    /// Returns the number of their tasks.
    ///
    /// # Errors
    ///
    /// `EBUSY` when one is used, `EPERM` when the caller has become associated, `ENOMEM`; nothing
    /// changed.
    pub(crate) fn release_all(&self, unused: bool) -> Result<usize> {
        let mut control = self.control_between_moves(|control| {
            let registry = self.registry();
            Ok(registry.any(|association| association.tenant().has_moves(control)))
        })?;
        if unused && self.registry().any(|association| association.sockets() > 0) {
            return Err(EBUSY);
        }
        self.holdings.rules.clear(&mut control)?;
        let Ok(released) = protocol::release_all(&mut Ending(self));
        drop(control);
        self.settle_soon();
        Ok(released)
    }

    /// Takes the control lock once no call moves processes, as far as the caller is concerned: as
    /// long as `is_moving` returns false. A release in the middle would free a part of them.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller has become associated, `ERESTARTNOINTR` when a signal comes
    /// meanwhile, and those of `is_moving`.
    fn control_between_moves(
        &self,
        is_moving: impl Fn(&Control) -> Result<bool>,
    ) -> Result<MutexGuard<'_, Control>> {
        loop {
            let control = self.control_from_outside()?;
            if !is_moving(&control)? {
                return Ok(control);
            }
            drop(control);
            patience::pause()?;
        }
    }

    /// Whether an association, or a part of it, has sockets.
    fn has_sockets_within(&self, whole: &Association) -> bool {
        let has = |association: &Association| association.sockets() > 0;
        let has_part = || {
            self.registry()
                .any(|other| has(other) && other.is_within(whole))
        };
        has(whole) || (!whole.tenant().has_no_parts() && has_part())
    }

    /// Ends an association and its parts, without waiting for them to be gone.
    /// Returns the number of their tasks.
    pub(super) fn end(&self, ending: &Association) -> usize {
        let Ok(released) = protocol::release_association(&mut Ending(self), ending);
        released
    }
}

/// The release of a process.
struct Releasing<'a> {
    tenants: &'a Tenants,
    process: &'a TaskRef,
    user: Option<Uid>,
    control: &'a Control,
    patience: Patience,
}

impl ReleaseProcess for Releasing<'_> {
    type Thread = TaskKey;
    type Stop = Error;

    fn is_member(&mut self) -> Result<bool> {
        let association = self.tenants.members.of_process(self.process)?;
        Ok(association.is_some())
    }

    fn remove_first(&mut self) -> Result<bool> {
        self.remove_formed(&self.process.key())
    }

    fn each_thread(&mut self, mut visit: impl FnMut(&mut Self, &TaskKey) -> Result) -> Result {
        let (process, mut done) = (self.process, Ok(()));
        task::each(|task| {
            if task.is_thread_of(process) {
                done = visit(self, &task.key());
            }
            done.is_ok()
        });
        done
    }

    fn remove_formed(&mut self, thread: &TaskKey) -> Result<bool> {
        let members = &self.tenants.members;
        Ok(members.remove_formed(*thread, self.user, self.control))
    }

    fn is_over(&mut self) -> Result<bool> {
        Ok(self.patience.is_over())
    }

    fn wait_for_clones(&mut self) -> Result {
        task::wait_for_clones();
        Ok(())
    }
}

/// The end of associations.
struct Ending<'a>(&'a Tenants);

impl Release for Ending<'_> {
    type Association = Association;
    type Stop = Infallible;

    fn revoke_within(&mut self, association: &Association) -> Result<(), Infallible> {
        self.0.registry().revoke_within(association);
        Ok(())
    }

    fn revoke_all(&mut self) -> Result<(), Infallible> {
        self.0.registry().revoke_all();
        Ok(())
    }

    fn revoke_ended(&mut self) -> Result<(), Infallible> {
        self.0.registry().revoke_ended();
        Ok(())
    }

    fn remove_revoked(&mut self) -> Result<usize, Infallible> {
        Ok(self.0.members.remove_revoked())
    }
}
