// SPDX-License-Identifier: GPL-2.0

//! A child becomes a member of its maker's association: the steps of
//! [`protocol::Fork`] on the table. The running task is the maker.

use kernel::alloc::Flags;
use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::barrier::smp_mb;
use kernel::sync::Arc;
use kernel::time::{delay::fsleep, Delta};

use crate::protocol::{self, Fork};
use crate::sys::map::InsertError;
use crate::sys::task::{TaskKey, Tgid};

use super::association::Association;
use super::members::Members;
use super::membership::Membership;

impl Members {
    /// Makes `child` a member of the running task's association. Context: process, may
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: the child must not be made.
    pub(crate) fn inherit(&self, child: TaskKey) -> Result {
        // A task that forks faster than the search of `assign` proceeds would keep it
        // from ending, so tasks that are still to be searched wait for it.
        while self.has_such(TaskKey::current(), Membership::is_next) {
            fsleep(Delta::from_micros(1_000));
        }
        protocol::inherit(&mut Forking {
            members: self,
            child,
            process: None,
            flags: GFP_KERNEL_ACCOUNT,
        })
    }

    /// Updates the entry of `child`, whose maker, the running task, may have been
    /// associated, narrowed or released since the child inherited, and notes the child's
    /// `process`. Context: process, `tasklist_lock` held, never sleeps.
    ///
    /// # Errors
    ///
    /// As [`Self::inherit`].
    pub(crate) fn catch_up(&self, child: TaskKey, process: Option<Tgid>) -> Result {
        protocol::catch_up(&mut Forking {
            members: self,
            child,
            process,
            flags: GFP_ATOMIC,
        })
    }
}

/// The running task makes a child.
struct Forking<'a> {
    members: &'a Members,
    child: TaskKey,
    // The child's process, once it has an id.
    process: Option<Tgid>,
    // For the child's entry.
    flags: Flags,
}

impl Fork for Forking<'_> {
    type Association = Arc<Association>;
    type Membership = Membership;
    type Stop = Error;

    fn of_maker(&mut self) -> Result<Option<Arc<Association>>> {
        Ok(self.members.association(TaskKey::current()))
    }

    fn of_child(&mut self) -> Result<Option<Arc<Association>>> {
        Ok(self.members.association(self.child))
    }

    fn are_same(one: &Arc<Association>, other: &Arc<Association>) -> bool {
        Arc::ptr_eq(one, other)
    }

    fn forget_child(&mut self) -> Result {
        self.members.forget(self.child);
        Ok(())
    }

    fn join(&mut self) -> Result<Option<Membership>> {
        let maker = TaskKey::current();
        let joined = self.members.with_membership(maker, Membership::of_child);
        Ok(joined.flatten())
    }

    fn insert(&mut self, membership: Membership) -> Result<Arc<Association>> {
        let association = membership.shared();
        self.members
            .insert(self.child, membership, self.flags)
            .map_err(|error| match error {
                InsertError::Occupied => EEXIST,
                InsertError::Table(_) => ENOMEM,
            })?;
        Ok(association)
    }

    fn has_ended(&mut self, association: &Arc<Association>) -> Result<bool> {
        // Pairs with the barrier in `Association::revoke`.
        smp_mb(ordering::Full);
        Ok(association.is_revoked())
    }

    fn set_born(&mut self) -> Result {
        self.members.with_membership(self.child, |membership| {
            membership.set_process(self.process);
            membership.set_born();
        });
        Ok(())
    }
}
