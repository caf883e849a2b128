// SPDX-License-Identifier: GPL-2.0

//! What a task is in, while calls may be in progress that fail. Context: any.

use kernel::sync::atomic::ordering;
use kernel::sync::barrier::smp_mb;
use kernel::sync::rcu;

use super::Members;
use crate::protocol::Width;
use crate::sys::task::TaskKey;
use crate::table::association::Association;
use crate::table::membership::{Membership, Place};

impl Members {
    /// Where a task is. Context: any.
    pub(in crate::table) fn place(&self, task: TaskKey) -> Place {
        let undecided = |membership: &Membership| {
            if membership.is_revoked() {
                Some(Place::Outside)
            } else if membership.is_moving() || membership.is_settled() {
                None
            } else {
                Some(Place::Unsettled)
            }
        };
        let decided = |membership: &Membership| match membership.is_revoked() {
            true => Place::Outside,
            false => Place::Member,
        };
        self.look(task, undecided, decided)
            .unwrap_or(Place::Outside)
    }

    /// Whether a call moves a task from an association to another.
    pub(crate) fn is_moving(&self, task: TaskKey) -> bool {
        self.has_such(task, Membership::is_moving)
    }

    /// What a task is in, seen from `part`. Context: any.
    pub(in crate::table) fn width(&self, task: TaskKey, part: &Association) -> Width {
        let undecided = |membership: &Membership| {
            if membership.is_wider_than(part) && !membership.is_revoked() {
                Some(Width::Wider)
            } else {
                membership.is_moving().then_some(Width::Moving)
            }
        };
        self.look(task, undecided, |_| Width::Other)
            .unwrap_or(Width::Other)
    }

    /// The result of `undecided` for the membership of a task or, if that is `None`, of `decided`,
    /// once the membership has been there all the time. A call that fails removes or replaces the
    /// memberships that it made before it is over. `None` if the task has none.
    fn look<T>(
        &self,
        task: TaskKey,
        undecided: impl Fn(&Membership) -> Option<T>,
        decided: impl Fn(&Membership) -> T,
    ) -> Option<T> {
        let guard = rcu::read_lock();
        let mut found = self.map.get(task, &guard);
        while let Some(membership) = found {
            let outcome = undecided(membership);
            if outcome.is_some() {
                return outcome;
            }
            // Pairs with the barrier in `Association::refuse`, and with `Tenant::end_taking_in`.
            smp_mb(ordering::Full);
            let now = self.map.get(task, &guard);
            if now.is_some_and(|now| core::ptr::eq(now, membership)) {
                return Some(decided(membership));
            }
            found = now;
        }
        None
    }
}
