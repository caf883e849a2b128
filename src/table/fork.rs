// SPDX-License-Identifier: GPL-2.0

//! Children are associated as their makers are.

use kernel::alloc::Flags;
use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::barrier::smp_mb;
use kernel::time::{delay::fsleep, Delta};

use crate::sys::map::InsertError;
use crate::sys::task::TaskKey;

use super::members::Members;
use super::membership::Membership;

impl Members {
    /// Associates `child`, which the running task is making, as the running
    /// task is. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: then the child must not come to be.
    pub(crate) fn inherit(&self, child: TaskKey) -> Result {
        // Or a task that makes children faster than they can be looked through
        // keeps that from having an end.
        while self.has_such(TaskKey::current(), Membership::is_next) {
            fsleep(Delta::from_micros(1_000));
        }
        self.take_after_maker(child, GFP_KERNEL_ACCOUNT)
    }

    /// Brings a child up to date, whose maker, the running task, may have been
    /// associated, narrowed or released since it inherited, and which is on the
    /// list of tasks next. Never sleeps.
    pub(crate) fn catch_up(&self, child: TaskKey) -> Result {
        let Some(association) = self.association(TaskKey::current()) else {
            self.forget(child);
            return Ok(());
        };
        let done = match self.association(child) {
            Some(present) if present.id() == association.id() => Ok(()),
            // What it has, if anything, is of an association that ended, or that its
            // maker has left. It is on no list of tasks: nobody else looks for it.
            _ => {
                self.forget(child);
                self.take_after_maker(child, GFP_ATOMIC)
            }
        };
        self.with_membership(child, Membership::set_born);
        done
    }

    fn take_after_maker(&self, child: TaskKey, flags: Flags) -> Result {
        // The maker may have been released this moment; then so is the child.
        let membership = self.with_membership(TaskKey::current(), Membership::of_child);
        let Some(membership) = membership.flatten() else {
            return Ok(());
        };
        let association = membership.association();
        self.insert(child, membership, flags)
            .map_err(|error| match error {
                InsertError::Occupied => EEXIST,
                InsertError::Table(_) => ENOMEM,
            })?;
        // Pairs with `Association::revoke`: the call that ends it sees the child, or
        // this that it was ended.
        smp_mb(ordering::Full);
        if association.is_none_or(|a| a.is_revoked()) {
            self.forget(child);
        }
        Ok(())
    }
}
