// SPDX-License-Identifier: GPL-2.0

//! From when until when an association is there, and which of its memberships count.
//! Context: any.
//!
//! A part is ended once, for all its tasks. An association that is not a part stays when its
//! tasks are released, as long as it is defined or has sockets: those that join later have
//! another epoch.

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::barrier::smp_mb;
use kernel::sync::Arc;

use super::{Association, PartOf};
use crate::table::tenant::Mark;

/// What decides whether memberships count.
pub(super) struct Life {
    // Of a part, ended from outside: tasks that are still in the table do not count as members.
    // Sockets keep their scope, or they would suddenly have that of the whole host.
    revoked: Atomic<bool>,
    // There without tasks. Then it is one of its own `users`.
    defined: Atomic<bool>,
    // Memberships with this mark do not count: the call failed that made them.
    refused: Atomic<i8>,
    // Memberships of another epoch do not count. It may wrap: a release removes them all.
    epoch: Atomic<i8>,
}

impl Life {
    /// The beginning: not defined.
    pub(super) fn new() -> Self {
        Self {
            revoked: Atomic::new(false),
            defined: Atomic::new(false),
            refused: Atomic::new(Mark::NONE.number()),
            epoch: Atomic::new(0),
        }
    }
}

/// How often the tasks of an association were released.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::table) struct Epoch(i8);

/// What decides, of a membership, whether it counts.
#[derive(Clone, Copy)]
pub(in crate::table) struct Stage {
    /// When the task joined, or the task that made it.
    pub(in crate::table) epoch: Epoch,
    /// The mark of the call that is putting the task into the association.
    pub(in crate::table) mark: Mark,
}

impl Association {
    /// The present stage, of tasks that are members from now on.
    pub(in crate::table) fn stage(&self) -> Stage {
        Stage {
            epoch: self.epoch(),
            mark: Mark::NONE,
        }
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.life.epoch.load(ordering::Relaxed))
    }

    /// Whether memberships of this stage do not count. Reliable after a full barrier: see
    /// [`Self::revoke`] and [`Self::refuse`].
    #[inline]
    pub(in crate::table) fn has_left(&self, stage: Stage) -> bool {
        self.is_revoked()
            || self.epoch() != stage.epoch
            || (stage.mark != Mark::NONE
                && stage.mark.number() == self.life.refused.load(ordering::Relaxed))
    }

    /// Whether it is there without tasks.
    pub(crate) fn is_defined(&self) -> bool {
        self.life.defined.load(ordering::Relaxed)
    }

    /// Makes it stay without tasks, until [`Self::undefine`]. The caller is a user of it.
    pub(in crate::table) fn define(&self) {
        // It has a user, so this succeeds.
        if self.add_user() {
            self.life.defined.store(true, ordering::Relaxed);
        }
    }

    /// Makes it end with its last task and socket. Returns whether it was defined.
    pub(in crate::table) fn undefine(this: &Arc<Self>) -> bool {
        let was = this.life.defined.xchg(false, ordering::Full);
        if was {
            Self::remove_user(this);
        }
        was
    }

    /// Releases every task from it at once. A part takes no others. A full barrier: either a
    /// call that adds a task meanwhile sees this, or the caller sees the task afterwards. One
    /// call at a time.
    pub(in crate::table) fn revoke(&self) {
        if self.part_of.is_none() {
            let Epoch(epoch) = self.epoch();
            let next = epoch.wrapping_add(1);
            self.life.epoch.store(next, ordering::Relaxed);
        } else {
            self.life.revoked.store(true, ordering::Relaxed);
        }
        smp_mb(ordering::Full);
    }

    /// Whether it is a part that was ended. Reliable after a full barrier: see
    /// [`Self::revoke`].
    pub(in crate::table) fn is_revoked(&self) -> bool {
        self.life.revoked.load(ordering::Relaxed)
    }

    /// Whether it is a part that was ended, or the tasks of an association that it is a part
    /// of were released: then it is about to be ended too.
    pub(in crate::table) fn is_ended(&self) -> bool {
        self.up()
            .any(|this| this.is_revoked() || this.part_of.as_ref().is_some_and(PartOf::is_released))
    }

    /// Makes the memberships with this mark not count; with [`Mark::NONE`], all count again. A
    /// full barrier, as in [`Self::revoke`].
    pub(in crate::table) fn refuse(&self, mark: Mark) {
        self.life.refused.store(mark.number(), ordering::Relaxed);
        smp_mb(ordering::Full);
    }
}
