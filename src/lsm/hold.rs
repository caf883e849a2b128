// SPDX-License-Identifier: GPL-2.0

//! Receiving and accepting, and getting a socket from another process: what a
//! task has in hand need not be its association's.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::policy;
use crate::sys::sock::SkRef;
use crate::table::{sockets, Association};

/// Decides whether the running task may receive on `sock`. May sleep.
pub(super) fn receive(sock: SkRef<'_>) -> Result {
    if has_ended(sock) {
        Ok(())
    } else {
        check(sock)
    }
}

/// Whether nothing comes any more on `sock`, a connection that ended and of which
/// all was read, but why it ended.
pub(super) fn has_ended(sock: SkRef<'_>) -> bool {
    sock.info()
        .is_some_and(|info| info.stream && info.closed && !sock.has_input())
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
    super::take_in(sock, &association);
    check_as_it_is(sock, &association)
}

/// As [`check`], of a socket that `association` does not take in by this.
pub(super) fn check_as_it_is(sock: SkRef<'_>, association: &Arc<Association>) -> Result {
    let Some(socket) = super::describe_as_it_is(sock, association)? else {
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
