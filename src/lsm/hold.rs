// SPDX-License-Identifier: GPL-2.0

//! Receiving and accepting, and getting a socket from another process: what a
//! task has in hand need not be its association's.

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy;
use crate::sys::sock::SkRef;
use crate::table::sockets;

/// Decides whether the running task may receive on `sock`. May sleep.
pub(super) fn receive(sock: SkRef<'_>) -> Result {
    // Nothing comes any more on a connection that ended, and of which all was
    // read, but why it ended.
    match sock.info() {
        Some(info) if info.stream && info.closed && !sock.has_input() => Ok(()),
        _ => check(sock),
    }
}

/// Decides whether the running task may accept on `sock`, or have it. May
/// sleep.
pub(super) fn check(sock: SkRef<'_>) -> Result {
    let Some(association) = super::current() else {
        return Ok(());
    };
    // An associated socket receives what its association may, in anybody's
    // hands but another association's.
    if sockets::belongs_to(sock, &association) {
        return Ok(());
    }
    let Some(socket) = super::describe(sock, &association)? else {
        return Ok(());
    };
    let guard = rcu::read_lock();
    policy::receive(&association.owner(&guard), &socket).map_err(super::refused)
}

/// Decides whether the running task may get a descriptor of `sock` by
/// `SCM_RIGHTS` or `pidfd_getfd()`, or map it: only what it could use. May sleep.
pub(super) fn take_over(sock: SkRef<'_>) -> Result {
    check(sock).map_err(|_| EACCES)
}
