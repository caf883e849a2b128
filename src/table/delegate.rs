// SPDX-License-Identifier: GPL-2.0

//! Calls that users make without privilege, within their grants. Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::policy::Uid;

use super::association::Association;
use super::control::Control;
use super::grants::{GrantList, Turn};
use super::limits::MAX_OWN;
use super::set::AddressSet;
use super::tenants::Tenants;

impl Tenants {
    /// The grants in force.
    pub(crate) fn grants(&self) -> Arc<GrantList> {
        self.holdings.grants.list()
    }

    /// Grants a user a set in place of its present one, or takes its grant back. From then on no
    /// call in the name of the user succeeds that the new grant does not cover.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none to take back, `ENOSPC` when as many users have one as may,
    /// `EPERM` when the caller has become associated, `ENOMEM`; nothing changed.
    pub(crate) fn grant(&self, uid: Uid, set: Option<AddressSet>) -> Result {
        let mut control = self.control_from_outside()?;
        self.holdings.grants.put(uid, set, &mut control)
    }

    /// Waits for the turn of a call by a user.
    ///
    /// # Errors
    ///
    /// `EPERM` when the user has no grant; `ERESTARTNOINTR` when a signal comes while another
    /// call of the user is in progress.
    pub(crate) fn begin_own(&self, uid: Uid) -> Result<Turn> {
        self.holdings.grants.begin(uid)
    }

    /// The number of associations that a user made, without their parts.
    pub(crate) fn count_own(&self, uid: Uid) -> usize {
        let mut count = 0;
        self.registry().each(|association| {
            let is_own = association.depth() == 0 && association.granted_to() == Some(uid);
            count += usize::from(is_own);
        });
        count
    }

    /// Whether a user may make one more association.
    ///
    /// # Errors
    ///
    /// `ENOSPC`.
    pub(super) fn permit_more(&self, uid: Uid) -> Result {
        match self.count_own(uid) < MAX_OWN {
            true => Ok(()),
            false => Err(ENOSPC),
        }
    }

    /// As [`Self::permit_more`], and waits for a moment if associations have just ended.
    pub(super) fn permit_more_soon(&self, uid: Uid) -> Result {
        self.permit_more(uid).or_else(|_| {
            self.settle_soon();
            self.permit_more(uid)
        })
    }

    /// Whether a user may put processes into an association now.
    ///
    /// # Errors
    ///
    /// `EPERM` when its set is not within the grant of the user, `ENOMEM`.
    pub(super) fn permit_set(
        &self,
        uid: Uid,
        association: &Association,
        control: &Control,
    ) -> Result {
        let entries = association.copy_entries()?;
        self.holdings.grants.permit(uid, &entries, control)
    }
}

/// Whether `user` may control an association: its own, or any if there is no user.
///
/// # Errors
///
/// `EPERM`.
pub(super) fn permit_owner(user: Option<Uid>, association: &Association) -> Result {
    match association.is_under(user) {
        true => Ok(()),
        false => Err(EPERM),
    }
}
