// SPDX-License-Identifier: GPL-2.0

//! Grants: which users may associate their own processes without privilege, and with which
//! addresses. The list is replaced as a whole.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{new_spinlock, Arc, SpinLock};

use crate::abi::MAX_GRANTS;
use crate::policy::{self, Prefix, Uid};

use super::control::Control;
use super::patience;
use super::set::AddressSet;

/// The grant of a user.
pub(crate) struct Grant {
    /// The user.
    pub(crate) uid: Uid,
    set: AddressSet,
    // A call of the user is in progress. Shared with the grants of the user that follow.
    busy: Arc<Atomic<bool>>,
}

impl Grant {
    /// Its entries, in the form and order in which they were given.
    pub(crate) fn entries(&self) -> &[Prefix] {
        self.set.entries()
    }

    /// Whether it covers these entries.
    ///
    /// # Errors
    ///
    /// `EPERM`.
    pub(super) fn permit(&self, entries: &[Prefix]) -> Result {
        match policy::grants(&self.set.view(), entries) {
            true => Ok(()),
            false => Err(EPERM),
        }
    }
}

/// As long as this lives, no other call of the user changes anything: calls of one user come one
/// after the other, so that they take little of what all calls share.
///
/// # Invariants
///
/// The caller that made this has set `busy` of the grant.
pub(crate) struct Turn(Arc<Grant>);

impl Turn {
    /// Waits until no other call of the user is in progress.
    ///
    /// # Errors
    ///
    /// `ERESTARTNOINTR` when a signal comes meanwhile.
    fn begin(grant: Arc<Grant>) -> Result<Self> {
        while grant.busy.xchg(true, ordering::Full) {
            patience::pause()?;
        }
        // INVARIANT: Set above.
        Ok(Self(grant))
    }

    /// The grant as it was when the call began.
    pub(super) fn grant(&self) -> &Grant {
        &self.0
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.busy.store(false, ordering::Release);
    }
}

/// All grants at one moment, by ascending id of the user.
pub(crate) struct GrantList(KVVec<Arc<Grant>>);

impl GrantList {
    /// The grant of the user with the lowest id from this number on.
    pub(crate) fn from(&self, number: u32) -> Option<&Arc<Grant>> {
        self.0.iter().find(|grant| grant.uid.number() >= number)
    }

    /// The grant of a user.
    pub(crate) fn of(&self, uid: Uid) -> Option<&Arc<Grant>> {
        self.from(uid.number()).filter(|grant| grant.uid == uid)
    }

    /// The list with another grant in place of that of `uid`, or without it.
    fn with(&self, uid: Uid, new: Option<AddressSet>) -> Result<Self> {
        let mut all = KVVec::with_capacity(self.0.len() + 1, GFP_KERNEL)?;
        for grant in self.0.iter().filter(|grant| grant.uid < uid) {
            all.push(grant.clone(), GFP_KERNEL)?;
        }
        if let Some(set) = new {
            let busy = match self.of(uid) {
                Some(old) => old.busy.clone(),
                None => Arc::new(Atomic::new(false), GFP_KERNEL)?,
            };
            let grant = Grant { uid, set, busy };
            all.push(Arc::new(grant, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        for grant in self.0.iter().filter(|grant| grant.uid > uid) {
            all.push(grant.clone(), GFP_KERNEL)?;
        }
        Ok(Self(all))
    }
}

/// The grants in force.
#[pin_data]
pub(super) struct Grants {
    // Held only to exchange or to clone the pointer.
    #[pin]
    list: SpinLock<Arc<GrantList>>,
}

impl Grants {
    /// No grants.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            list <- new_spinlock!(Arc::new(GrantList(KVVec::new()), GFP_KERNEL)?),
        })
    }

    /// Those in force now. Context: any but hard interrupts.
    pub(super) fn list(&self) -> Arc<GrantList> {
        self.list.lock().clone()
    }

    /// Waits for the turn of a call by a user.
    ///
    /// # Errors
    ///
    /// `EPERM` when the user has no grant, and those of [`Turn::begin`].
    pub(super) fn begin(&self, uid: Uid) -> Result<Turn> {
        let grant = self.list().of(uid).ok_or(EPERM)?.clone();
        Turn::begin(grant)
    }

    /// Whether the user has a grant that covers these entries, until the control lock is
    /// released.
    ///
    /// # Errors
    ///
    /// `EPERM`.
    pub(super) fn permit(&self, uid: Uid, entries: &[Prefix], _control: &Control) -> Result {
        self.list().of(uid).ok_or(EPERM)?.permit(entries)
    }

    /// Grants a user a set in place of its present one, or takes its grant back.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none to take back, `ENOSPC` when there are [`MAX_GRANTS`],
    /// `ENOMEM`; nothing changed.
    pub(super) fn put(&self, uid: Uid, set: Option<AddressSet>, _control: &mut Control) -> Result {
        let old = self.list();
        let is_new = old.of(uid).is_none();
        match set {
            None if is_new => return Err(ENOENT),
            Some(_) if is_new && old.0.len() >= usize::try_from(MAX_GRANTS)? => return Err(ENOSPC),
            _ => {}
        }
        let new = Arc::new(old.with(uid, set)?, GFP_KERNEL)?;
        let replaced = core::mem::replace(&mut *self.list.lock(), new);
        drop(replaced);
        Ok(())
    }
}
