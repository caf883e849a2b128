// SPDX-License-Identifier: GPL-2.0

//! A membership: the entry of a task in the table of members. Context: any.

use core::convert::Infallible;

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;

use crate::protocol::{self, HandOn};
use crate::sys::line::CACHE_LINE;
use crate::sys::map::{Entry, Group, Value};
use crate::sys::task::Tgid;

use super::association::{Association, User};
use super::tenant::Tenant;

/// The membership of a task in an association.
///
/// # Invariants
///
/// Counted in the association's `tasks` and, if `unborn`, in the tenant's `unborn`.
pub(super) struct Membership {
    user: User,
    // The task holds no bypass, and cannot acquire one: see `protocol::search`.
    searched: Atomic<bool>,
    // The task is being made, and counted in the tenant's `unborn`.
    unborn: Atomic<bool>,
    // The task's process, or 0 while the task is being made.
    process: Atomic<i32>,
}

// An entry is a cache line. So the slab gives no other task a part of it, and each task that was
// freed keeps no more memory than that until a grace period is over.
const _: () = assert!(size_of::<Entry<Membership>>() == CACHE_LINE);

impl Value for Membership {
    fn group(&self) -> Option<&Group> {
        Some(self.user.association().roll())
    }
}

impl Membership {
    /// Adds a task to `association`, unless it has ended. Context: any.
    pub(super) fn join(association: Arc<Association>) -> Option<Self> {
        if association.is_revoked() {
            return None;
        }
        let user = User::join(association)?;
        user.association().add_task();
        // INVARIANT: `add_task` counted it; it is not `unborn`.
        Some(Self {
            user,
            searched: Atomic::new(false),
            unborn: Atomic::new(false),
            process: Atomic::new(0),
        })
    }

    /// The membership of a child that the task is making. The child holds what the
    /// task holds. `None` when the association has ended. Context: any.
    pub(super) fn of_child(&self) -> Option<Self> {
        let child = Self::join(self.association()?)?;
        let Ok(()) = protocol::hand_on(&mut HandingOn {
            maker: self,
            child: &child,
        });
        Some(child)
    }

    /// Whether the task is still to be searched by a search in progress.
    pub(super) fn is_next(&self) -> bool {
        !self.is_searched() && self.tenant().is_searching()
    }

    /// Notes that the task is on the list of tasks, or will be once the lock of that
    /// list is free.
    pub(super) fn set_born(&self) {
        if self.unborn.load(ordering::Relaxed) {
            self.unborn.store(false, ordering::Relaxed);
            self.tenant().remove_unborn();
        }
    }

    /// Notes the task's process, which stays the same from then on.
    pub(super) fn set_process(&self, process: Option<Tgid>) {
        let number = process.map_or(0, Tgid::number);
        self.process.store(number, ordering::Relaxed);
    }

    /// The task's process; `None` while the task is being made.
    pub(super) fn process(&self) -> Option<Tgid> {
        Tgid::new(self.process.load(ordering::Relaxed))
    }

    fn tenant(&self) -> &Tenant {
        self.user.association().tenant()
    }

    /// Notes that the task holds no bypass.
    pub(super) fn set_searched(&self) {
        self.searched.store(true, ordering::Relaxed);
    }

    /// Whether the task was found to hold no bypass, or was made by a task that was.
    pub(super) fn is_searched(&self) -> bool {
        self.searched.load(ordering::Relaxed)
    }

    /// Whether it is a membership in `association` itself.
    pub(super) fn is_of(&self, association: &Association) -> bool {
        core::ptr::eq(self.user.association(), association)
    }

    /// Whether its association was ended.
    pub(super) fn is_revoked(&self) -> bool {
        self.user.association().is_revoked()
    }

    /// Whether its tenant is formed: all tasks that the association was made for are
    /// members.
    pub(super) fn is_formed(&self) -> bool {
        self.tenant().is_formed()
    }

    /// Whether `part` is a part of its association, or a part of a part.
    pub(super) fn is_wider_than(&self, part: &Association) -> bool {
        !self.is_of(part) && part.is_within(self.user.association())
    }

    /// Whether it is a membership in `association`, in a part of it, or in a part of
    /// a part.
    pub(super) fn is_within(&self, association: &Association) -> bool {
        self.user.association().is_within(association)
    }

    /// The association, unless it was ended.
    pub(super) fn association(&self) -> Option<Arc<Association>> {
        (!self.is_revoked()).then(|| self.shared())
    }

    /// The association, ended or not.
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
    /// Context: any.
    fn drop(&mut self) {
        self.set_born();
        self.user.association().remove_task();
    }
}
