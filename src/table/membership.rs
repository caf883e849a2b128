// SPDX-License-Identifier: GPL-2.0

//! A task's part in an association: the entry of the table. Any context.

use core::convert::Infallible;

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;

use crate::protocol::{self, HandOn};

use super::association::{Association, User};
use super::tenant::Tenant;

/// A task's part in an association.
///
/// # Invariants
///
/// Counted in the association's `tasks`; if `unborn`, in those of the tenant.
pub(super) struct Membership {
    user: User,
    // It holds no way out, and can come by none: see `Table::search`.
    searched: Atomic<bool>,
    // It is being made. If so it is counted in `unborn`.
    unborn: Atomic<bool>,
}

impl Membership {
    /// One more task for `association`, unless it has ended. Any context.
    pub(super) fn join(association: Arc<Association>) -> Option<Self> {
        if association.is_revoked() {
            return None;
        }
        let user = User::join(association)?;
        user.association().add_task();
        // INVARIANT: Counted above.
        Some(Self {
            user,
            searched: Atomic::new(false),
            unborn: Atomic::new(false),
        })
    }

    /// That of a child which its task is making, and which has what its task
    /// has, unless the association has ended. Any context.
    pub(super) fn of_child(&self) -> Option<Self> {
        let child = Self::join(self.association()?)?;
        let Ok(()) = protocol::hand_on(&mut HandingOn {
            maker: self,
            child: &child,
        });
        Some(child)
    }

    /// Whether its task is about to be looked through.
    pub(super) fn is_next(&self) -> bool {
        !self.is_searched() && self.tenant().is_searching()
    }

    /// Notes that its task is on the list of tasks, or will be once the lock of
    /// that is free.
    pub(super) fn set_born(&self) {
        if self.unborn.load(ordering::Relaxed) {
            self.unborn.store(false, ordering::Relaxed);
            self.tenant().remove_unborn();
        }
    }

    fn tenant(&self) -> &Tenant {
        self.user.association().tenant()
    }

    /// Notes that its task holds no way out.
    pub(super) fn set_searched(&self) {
        self.searched.store(true, ordering::Relaxed);
    }

    /// Whether its task was found to hold no way out, or comes from one that was.
    pub(super) fn is_searched(&self) -> bool {
        self.searched.load(ordering::Relaxed)
    }

    /// Whether this is a part in `association`.
    pub(super) fn is_of(&self, association: &Association) -> bool {
        core::ptr::eq(self.user.association(), association)
    }

    /// Whether its association was ended.
    pub(super) fn is_revoked(&self) -> bool {
        self.user.association().is_revoked()
    }

    /// Whether everybody who is to be in its association, or in what that is a
    /// part of, is in.
    pub(super) fn is_formed(&self) -> bool {
        self.tenant().is_formed()
    }

    /// Whether `part` is a part of its association, or of a part.
    pub(super) fn is_wider_than(&self, part: &Association) -> bool {
        !self.is_of(part) && part.is_within(self.user.association())
    }

    /// Whether this is a part in `association`, or in a part of it, or of a
    /// part.
    pub(super) fn is_within(&self, association: &Association) -> bool {
        self.user.association().is_within(association)
    }

    /// The association, unless it was revoked.
    pub(super) fn association(&self) -> Option<Arc<Association>> {
        (!self.is_revoked()).then(|| self.shared())
    }

    /// The association, revoked or not.
    pub(super) fn shared(&self) -> Arc<Association> {
        self.user.shared()
    }
}

/// A maker's membership, and that of the child which it makes.
struct HandingOn<'a> {
    maker: &'a Membership,
    child: &'a Membership,
}

impl HandOn for HandingOn<'_> {
    type Stop = Infallible;

    fn is_searched(&mut self) -> Result<bool, Infallible> {
        Ok(self.maker.is_searched())
    }

    fn count_child(&mut self) -> Result<(), Infallible> {
        self.child.unborn.store(true, ordering::Relaxed);
        self.child.tenant().add_unborn();
        Ok(())
    }

    fn mark_child(&mut self) -> Result<(), Infallible> {
        self.child.set_searched();
        self.child.set_born();
        Ok(())
    }
}

impl Drop for Membership {
    /// Any context.
    fn drop(&mut self) {
        self.set_born();
        self.user.association().remove_task();
    }
}
