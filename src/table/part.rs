// SPDX-License-Identifier: GPL-2.0

//! Parts of associations, which narrowing makes: what they are parts of, and
//! how many there can be. Any context, except for making one.

use core::iter::successors;

use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::Arc;

use super::association::User;
use super::limits::{MAX_DEPTH, MAX_PARTS};
use super::Association;

/// What makes an association a part of another, which stays as long.
///
/// # Invariants
///
/// Counted in the `parts` of the association's root.
pub(super) struct PartOf(User);

impl PartOf {
    /// One more part of `whole`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when there are [`MAX_PARTS`] parts of its root or it is itself
    /// [`MAX_DEPTH`] parts deep, `ENOENT` when it has ended.
    pub(super) fn join(whole: Arc<Association>) -> Result<Self> {
        // Nobody needs a right for this: it must not eat all memory, nor make
        // control calls take for ever.
        if whole.depth() >= MAX_DEPTH {
            return Err(ENOSPC);
        }
        let user = User::join(whole).ok_or(ENOENT)?;
        let parts = user.association().root().parts();
        let mut count = parts.load(ordering::Relaxed);
        while count < MAX_PARTS {
            match parts.cmpxchg(count, count + 1, ordering::Relaxed) {
                // INVARIANT: Counted.
                Ok(_) => return Ok(Self(user)),
                Err(now) => count = now,
            }
        }
        Err(ENOSPC)
    }

    /// What it is a part of.
    fn whole(&self) -> &Association {
        self.0.association()
    }
}

impl Drop for PartOf {
    /// Any context.
    fn drop(&mut self) {
        let root = self.whole().root();
        root.parts().fetch_sub(1_usize, ordering::Relaxed);
    }
}

impl Association {
    /// What it is a part of, if it is one.
    fn whole(&self) -> Option<&Self> {
        self.part_of().map(PartOf::whole)
    }

    /// It, what it is a part of, and so on.
    pub(super) fn up(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |this| this.whole())
    }

    /// The one that was made from outside, of which it is a part, or a part of
    /// a part, or which it is.
    pub(super) fn root(&self) -> &Self {
        self.up().last().unwrap_or(self)
    }

    /// Whether nobody is in a part of it, which was made from outside.
    pub(super) fn has_no_parts(&self) -> bool {
        self.parts().load(ordering::Relaxed) == 0
    }

    /// How many parts it is away from its root.
    pub(super) fn depth(&self) -> usize {
        self.up().count() - 1
    }

    /// Whether both are of the same tenant: parts of one association that was made
    /// from outside, or that association.
    pub(crate) fn is_same_tenant(&self, other: &Self) -> bool {
        core::ptr::eq(self.root(), other.root())
    }

    /// Whether it is a part of `other`.
    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        self.whole()
            .is_some_and(|whole| core::ptr::eq(whole, other))
    }

    /// Whether it is `other`, or a part of it, or of a part.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.up().any(|this| core::ptr::eq(this, other))
    }
}
