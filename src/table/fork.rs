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
use super::tenant::Mark;

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

/// Where a task is.
struct Position {
    association: Arc<Association>,
    // Of the call that is putting the task there, if one is.
    mark: Mark,
}

impl Forking<'_> {
    fn position_of(&self, task: TaskKey) -> Option<Position> {
        self.members.with_membership(task, |membership| {
            Some(Position {
                association: membership.association()?,
                mark: membership.joining(),
            })
        })?
    }
}

impl Fork for Forking<'_> {
    type Association = Position;
    type Membership = Membership;
    type Stop = Error;

    fn of_maker(&mut self) -> Result<Option<Position>> {
        Ok(self.position_of(TaskKey::current()))
    }

    fn of_child(&mut self) -> Result<Option<Position>> {
        Ok(self.position_of(self.child))
    }

    fn are_same(one: &Position, other: &Position) -> bool {
        Arc::ptr_eq(&one.association, &other.association) && one.mark == other.mark
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

    fn insert(&mut self, membership: Membership) -> Result<Position> {
        let place = Position {
            association: membership.shared(),
            mark: membership.joining(),
        };
        self.members
            .insert(self.child, membership, self.flags)
            .map_err(|error| match error {
                InsertError::Occupied => EEXIST,
                InsertError::Table(_) => ENOMEM,
            })?;
        Ok(place)
    }

    fn has_ended(&mut self, _: &Position) -> Result<bool> {
        // Pairs with the barriers in `Association::revoke` and `refuse`.
        smp_mb(ordering::Full);
        Ok(self.members.has_such(self.child, Membership::is_revoked))
    }

    fn set_born(&mut self) -> Result {
        self.members.with_membership(self.child, |membership| {
            membership.set_process(self.process);
            membership.set_born();
        });
        Ok(())
    }
}
