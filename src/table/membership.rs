// SPDX-License-Identifier: GPL-2.0

//! A membership: the entry of a task in the table of members. Context: any.

use core::convert::Infallible;

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;

use crate::policy::Uid;
use crate::protocol::{self, HandOn};
use crate::sys::line::CACHE_LINE;
use crate::sys::map::{Entry, Group, Value};
use crate::sys::task::Tgid;

use super::association::{Association, Epoch, Stage, User};
use super::tenant::{Mark, Tenant};

/// Where a task is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In no association.
    Outside,
    /// A call is putting it into an association, and may fail.
    Unsettled,
    /// In an association, until it is released.
    Member,
}

/// The membership of a task in an association.
///
/// # Invariants
///
/// Counted in the association's `tasks` and, if `unborn` or joining, in the tenant's
/// `unborn` or `newcomers`.
pub(super) struct Membership {
    user: User,
    epoch: Epoch,
    // Of the call that put the task into the association, if that was there before. Counted in
    // the tenant's `newcomers` as long as the call is in progress.
    mark: Atomic<i8>,
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
    /// Adds a task to `association`, unless it has ended, or memberships of this stage
    /// count no more. Context: any.
    pub(super) fn join(association: Arc<Association>, stage: Stage) -> Option<Self> {
        if association.has_left(stage) {
            return None;
        }
        let user = User::join(association)?;
        user.association().add_task();
        if stage.mark != Mark::NONE {
            user.association().tenant().add_newcomer();
        }
        // INVARIANT: `add_task` counted it, and `add_newcomer` if it is joining: others have no
        // mark here. It is not `unborn`.
        Some(Self {
            user,
            epoch: stage.epoch,
            mark: Atomic::new(stage.mark.number()),
            searched: Atomic::new(false),
            unborn: Atomic::new(false),
            process: Atomic::new(0),
        })
    }

    /// The membership of a child that the task is making. The child holds what the
    /// task holds. `None` when the association has ended. Context: any.
    pub(super) fn of_child(&self) -> Option<Self> {
        let stage = Stage {
            epoch: self.epoch,
            mark: self.joining(),
        };
        let child = Self::join(self.association()?, stage)?;
        let Ok(()) = protocol::hand_on(&mut HandingOn {
            maker: self,
            child: &child,
        });
        Some(child)
    }

    /// Whether the task is still to be searched by a search in progress, or to be put back.
    pub(super) fn is_next(&self) -> bool {
        let tenant = self.tenant();
        (!self.is_searched() && tenant.is_searching())
            || (tenant.is_putting_back() && self.is_joining())
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

    /// The tenant of its association.
    pub(super) fn tenant(&self) -> &Tenant {
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

    /// The mark of the call that put the task into the association.
    fn mark(&self) -> Mark {
        Mark::numbered(self.mark.load(ordering::Relaxed))
    }

    /// Whether the call that puts the task into the association is in progress.
    pub(super) fn is_joining(&self) -> bool {
        self.joining() != Mark::NONE
    }

    /// The mark of the call that is putting the task into the association, if one is.
    pub(super) fn joining(&self) -> Mark {
        match self.mark() {
            mark if self.tenant().is_joining(mark) => mark,
            _ => Mark::NONE,
        }
    }

    /// Whether the call in progress that puts the task into the association moves it from another,
    /// so that it is a member whether or not the call succeeds.
    pub(super) fn is_moving(&self) -> bool {
        // In this order: a later call does not make tasks with this mark join.
        self.tenant().is_moving() && self.is_joining()
    }

    /// Whether the call in progress with this mark put the task into `association`.
    pub(super) fn is_moved(&self, association: &Association, mark: Mark) -> bool {
        self.is_of(association) && self.mark() == mark
    }

    /// Takes this mark off, if it has it.
    pub(super) fn take_off(&self, mark: Mark) {
        if self.mark() == mark {
            self.leave_newcomers();
            self.mark.store(Mark::NONE.number(), ordering::Relaxed);
        }
    }

    fn leave_newcomers(&self) {
        if self.is_joining() {
            self.tenant().remove_newcomer();
        }
    }

    /// Whether it does not count: its association was ended, its task was released, or the
    /// call failed that put it into the association.
    #[inline]
    pub(super) fn is_revoked(&self) -> bool {
        self.user.association().has_left(Stage {
            epoch: self.epoch,
            mark: self.mark(),
        })
    }

    /// Whether other calls may change it: all tasks are members that the association was made
    /// for, or that the call is to put into it.
    pub(super) fn is_formed(&self) -> bool {
        self.tenant().is_formed() && !self.is_joining()
    }

    /// Whether the call that put the task into the association is over, and has succeeded. If it
    /// failed meanwhile, the membership does not count.
    pub(super) fn is_settled(&self) -> bool {
        self.tenant().is_settled() && !self.is_joining()
    }

    /// Whether `part` is a part of its association, or a part of a part, and no task was released
    /// between the beginning of the membership and the making of the part.
    pub(super) fn is_wider_than(&self, part: &Association) -> bool {
        part.epoch_of(self.user.association()) == Some(self.epoch)
    }

    /// As [`Association::is_under`], of its association.
    pub(super) fn is_under(&self, user: Option<Uid>) -> bool {
        self.user.association().is_under(user)
    }

    /// When the task joined, or the task that made it.
    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether it is a membership in `association`, in a part of it, or in a part of
    /// a part.
    pub(super) fn is_within(&self, association: &Association) -> bool {
        self.user.association().is_within(association)
    }

    /// The association, unless the membership does not count.
    pub(super) fn association(&self) -> Option<Arc<Association>> {
        (!self.is_revoked()).then(|| self.shared())
    }

    /// The association, whether or not the membership counts.
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
        self.leave_newcomers();
        self.user.association().remove_task();
    }
}
