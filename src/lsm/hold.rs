// SPDX-License-Identifier: GPL-2.0

//! Receiving and accepting, and getting a socket from another process: what a
//! task has in hand need not be its association's. Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::policy;
use crate::sys::gate::HoldHooks;
use crate::sys::sock::SkRef;
use crate::table::{sockets, Association};

use super::{current, describe, refused, take_in};

/// The rules for sockets in hand.
pub(crate) enum Hold {}

impl HoldHooks for Hold {
    fn socket_accept(sock: SkRef<'_>) -> Result {
        permit_use(sock)
    }

    fn socket_recvmsg(sock: SkRef<'_>) -> Result {
        if has_ended(sock) {
            Ok(())
        } else {
            permit_use(sock)
        }
    }

    /// Only what the task could use.
    fn socket_receive(sock: SkRef<'_>) -> Result {
        permit_use(sock).map_err(|_| EACCES)
    }
}

/// Whether nothing comes any more on `sock`, a connection that ended and of which
/// all was read, but why it ended.
pub(super) fn has_ended(sock: SkRef<'_>) -> bool {
    sock.info()
        .is_some_and(|info| info.stream && info.closed && !sock.has_input())
}

/// Decides whether the running task may accept on `sock`, receive by it, or have it.
fn permit_use(sock: SkRef<'_>) -> Result {
    let Some(association) = current() else {
        return Ok(());
    };
    // An associated socket receives what its association may, in anybody's
    // hands but another association's.
    if sockets::belongs_to(sock, &association) {
        return Ok(());
    }
    take_in(sock, &association);
    permit_use_as_it_is(sock, &association)
}

/// As [`permit_use`], of a socket that `association` does not take in by this.
pub(super) fn permit_use_as_it_is(sock: SkRef<'_>, association: &Arc<Association>) -> Result {
    let Some(socket) = describe(sock, association)? else {
        return Ok(());
    };
    let guard = rcu::read_lock();
    policy::receive(&association.owner(&guard), &socket).map_err(refused)
}
