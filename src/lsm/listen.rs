// SPDX-License-Identifier: GPL-2.0

//! `listen()`: on a socket that was never bound, it binds the wildcard.

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy;
use crate::sys::sock::SkRef;

/// Decides a `listen()` on `sock`.
pub(super) fn check(sock: SkRef<'_>) -> Result {
    let Some(association) = super::responsible(sock) else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock, &association)? else {
        return Ok(());
    };
    let guard = rcu::read_lock();
    policy::listen(&association.owner(&guard), &socket).map_err(super::refused)
}
