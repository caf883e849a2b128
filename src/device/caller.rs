// SPDX-License-Identifier: GPL-2.0

//! Who makes a call: an administrator, or a user within its grant.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::policy::{Ids, Uid};
use crate::sys::creds;
use crate::sys::file::FileHold;
use crate::sys::task::{capable_net_admin, MemoryKey};
use crate::table::{self, Association, Own, Tenants, Turn};

/// The caller of a call that a user with a grant may make, too.
pub(super) struct Caller {
    /// The table.
    pub(super) table: &'static Tenants,
    // The ids with which a user acts that is no administrator.
    user: Option<(Uid, Ids)>,
}

impl Caller {
    /// The caller, who is not associated: one with `CAP_NET_ADMIN` in the initial user namespace,
    /// or a user with a grant.
    ///
    /// # Errors
    ///
    /// `EPERM` for others, `ENODEV` without a table, which outlives the device.
    pub(super) fn permitted() -> Result<Self> {
        let administers = capable_net_admin();
        if table::current().is_some() {
            return Err(EPERM);
        }
        let table = table::get().ok_or(if administers { ENODEV } else { EPERM })?;
        if administers {
            return Ok(Self { table, user: None });
        }
        let ids = creds::acting();
        let uid = ids.user().ok_or(EPERM)?;
        table.grants().of(uid).ok_or(EPERM)?;
        let user = Some((uid, ids));
        Ok(Self { table, user })
    }

    /// The user, unless it is an administrator.
    pub(super) fn user(&self) -> Option<Uid> {
        self.user.map(|(uid, _)| uid)
    }

    /// Waits for the turn of a user. An administrator needs none.
    ///
    /// # Errors
    ///
    /// `EPERM` when the grant was taken back, `ERESTARTNOINTR` when a signal comes.
    pub(super) fn turn(&self) -> Result<Option<Turn>> {
        self.user().map(|uid| self.table.begin_own(uid)).transpose()
    }

    /// The call of a user in its turn, with the memory of the process that it has open.
    pub(super) fn own<'a>(&self, turn: &'a Option<Turn>, proof: &Option<Proof>) -> Option<Own<'a>> {
        let (turn, (_, ids)) = (turn.as_ref()?, self.user?);
        let memory = proof.as_ref().and_then(Proof::memory);
        Some(Own { turn, ids, memory })
    }

    /// The association that was found, if the caller may know of it.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none. For a user that is `EPERM` as well, so that it learns nothing
    /// about others.
    pub(super) fn permit(&self, found: Option<Arc<Association>>) -> Result<Arc<Association>> {
        match (found, self.user()) {
            (Some(found), user) if found.is_under(user) => Ok(found),
            (_, Some(_)) => Err(EPERM),
            (_, None) => Err(ENOENT),
        }
    }
}

/// The file with which a caller proves that it may trace a process: the kernel asked when it was
/// opened. It keeps the memory, which no other process gets meanwhile.
pub(super) struct Proof(FileHold);

impl Proof {
    /// The file of a descriptor.
    ///
    /// # Errors
    ///
    /// `EBADF`.
    pub(super) fn of(descriptor: Option<i32>) -> Result<Option<Self>> {
        descriptor
            .map(|fd| FileHold::of_descriptor(fd).map(Self))
            .transpose()
    }

    fn memory(&self) -> Option<MemoryKey> {
        let info = self.0.get().info();
        // A userfaultfd provides pages, and says nothing about tracing.
        info.memory.filter(|_| !info.pages)
    }
}
