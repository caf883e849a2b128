// SPDX-License-Identifier: GPL-2.0

//! Parts, which narrowing makes, and their wholes. Context: any, except for making
//! one.

use core::iter::successors;

use kernel::prelude::*;
use kernel::sync::Arc;

use super::{Association, Epoch, User};
use crate::table::limits::MAX_DEPTH;

/// The place of a part in its whole. It keeps the whole alive.
///
/// # Invariants
///
/// Counted in the `parts` of the tenant.
pub(in crate::table) struct PartOf {
    user: User,
    // Of the membership whose task made the part: a release of the whole's tasks ends its parts.
    epoch: Epoch,
    // Whether the part is on the private loopback of the whole.
    keeps_loopback: bool,
}

impl PartOf {
    /// Adds a part to `whole`, which a task makes that is a member since this epoch.
    /// `keeps_loopback`: whether the part is on the private loopback of `whole`.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when the tenant has as many parts as it may, or `whole` is itself
    /// [`MAX_DEPTH`] parts deep; `ENOENT` when `whole` has ended.
    pub(in crate::table) fn join(
        whole: Arc<Association>,
        epoch: Epoch,
        keeps_loopback: bool,
    ) -> Result<Self> {
        // Narrowing needs no capability, so it must be limited: it must not use up
        // memory, nor make control calls take forever.
        if whole.depth() >= MAX_DEPTH {
            return Err(ENOSPC);
        }
        let user = User::join(whole).ok_or(ENOENT)?;
        if !user.association().tenant().add_part() {
            return Err(ENOSPC);
        }
        // INVARIANT: `add_part` counted it.
        Ok(Self {
            user,
            epoch,
            keeps_loopback,
        })
    }

    /// The whole.
    pub(super) fn whole(&self) -> &Association {
        self.user.association()
    }

    /// Whether the tasks of the whole were released since.
    pub(super) fn is_released(&self) -> bool {
        self.whole().stage().epoch != self.epoch
    }
}

impl Drop for PartOf {
    /// Context: any.
    fn drop(&mut self) {
        self.whole().tenant().remove_part();
    }
}

impl Association {
    /// Its whole, if it is a part.
    fn whole(&self) -> Option<&Self> {
        self.part_of.as_ref().map(PartOf::whole)
    }

    /// The association itself, its whole, the whole of that, and so on.
    pub(super) fn up(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |this| this.whole())
    }

    /// The owner of the private loopback that it is on: itself or, for a part that keeps the
    /// loopback of its whole, the owner of that. It lives at least as long.
    pub(super) fn loopback_owner(&self) -> &Self {
        let mut owner = self;
        while let Some(place) = owner.part_of.as_ref().filter(|p| p.keeps_loopback) {
            owner = place.whole();
        }
        owner
    }

    /// The scope of its sockets: the id of the owner of their private loopback. Packets of
    /// theirs have it as their mark.
    pub(crate) fn scope(&self) -> u32 {
        self.loopback_owner().id
    }

    /// The epoch of `whole` in which this part of it was made, or the part of it that this is a
    /// part of. `None` if it is no part of `whole`.
    pub(in crate::table) fn epoch_of(&self, whole: &Self) -> Option<Epoch> {
        let places = self.up().filter_map(|part| part.part_of.as_ref());
        places
            .filter(|place| core::ptr::eq(place.whole(), whole))
            .map(|place| place.epoch)
            .next()
    }

    /// Number of wholes above it: 0 if it was made from outside.
    pub(in crate::table) fn depth(&self) -> usize {
        self.up().count() - 1
    }

    /// Whether both belong to one tenant: to an association that was made from
    /// outside, with its parts and theirs.
    pub(in crate::table) fn is_same_tenant(&self, other: &Self) -> bool {
        core::ptr::eq(self.tenant(), other.tenant())
    }

    /// Whether it is a part of `other` itself.
    pub(in crate::table) fn is_part_of(&self, other: &Self) -> bool {
        self.whole()
            .is_some_and(|whole| core::ptr::eq(whole, other))
    }

    /// Whether it is `other`, a part of it, or a part of a part.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.up().any(|this| core::ptr::eq(this, other))
    }
}
