// SPDX-License-Identifier: GPL-2.0

//! Parts of associations, which narrowing makes, and what they are parts of. Any
//! context, except for making one.

use core::iter::successors;

use kernel::prelude::*;
use kernel::sync::Arc;

use super::{Association, User};
use crate::table::limits::MAX_DEPTH;

/// What makes an association a part of another, which stays as long.
///
/// # Invariants
///
/// Counted in the parts of the tenant.
pub(in crate::table) struct PartOf(User);

impl PartOf {
    /// One more part of `whole`. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when its tenant has as many parts as it may or it is itself
    /// [`MAX_DEPTH`] parts deep, `ENOENT` when it has ended.
    pub(in crate::table) fn join(whole: Arc<Association>) -> Result<Self> {
        // Narrowing needs no right: it must not eat all memory, nor make control
        // calls take for ever.
        if whole.depth() >= MAX_DEPTH {
            return Err(ENOSPC);
        }
        let user = User::join(whole).ok_or(ENOENT)?;
        if !user.association().tenant().add_part() {
            return Err(ENOSPC);
        }
        // INVARIANT: Counted.
        Ok(Self(user))
    }

    /// What it is a part of.
    pub(super) fn whole(&self) -> &Association {
        self.0.association()
    }
}

impl Drop for PartOf {
    /// Any context.
    fn drop(&mut self) {
        self.whole().tenant().remove_part();
    }
}

impl Association {
    /// What it is a part of, if it is one.
    fn whole(&self) -> Option<&Self> {
        self.part_of.as_ref().map(PartOf::whole)
    }

    /// It, what it is a part of, and so on.
    pub(super) fn up(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |this| this.whole())
    }

    /// How many parts it is away from what was made from outside.
    pub(in crate::table) fn depth(&self) -> usize {
        self.up().count() - 1
    }

    /// Whether both are of the same tenant: parts of one association that was made
    /// from outside, or that association.
    pub(crate) fn is_same_tenant(&self, other: &Self) -> bool {
        core::ptr::eq(self.tenant(), other.tenant())
    }

    /// Whether it is a part of `other`.
    pub(in crate::table) fn is_part_of(&self, other: &Self) -> bool {
        self.whole()
            .is_some_and(|whole| core::ptr::eq(whole, other))
    }

    /// Whether it is `other`, or a part of it, or of a part.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.up().any(|this| core::ptr::eq(this, other))
    }
}
