// SPDX-License-Identifier: GPL-2.0

//! Receiving and accepting, and receiving the descriptor of a socket from another process. A
//! socket that a task has need not belong to its association.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::events::Operation;
use crate::policy::{self, Refusal};
use crate::sys::gate::HoldHooks;
use crate::sys::sock::SkRef;
use crate::table::{sockets, Association};

use super::{current, describe, take_in, Call};

/// The rules for sockets that a task has.
pub(crate) enum Hold {}

impl HoldHooks for Hold {
    fn socket_accept(sock: SkRef<'_>) -> Result {
        permit_use(sock, Operation::Receive, |_| false)
    }

    /// Permits also what is left to read of a connection that has ended.
    fn socket_recvmsg(sock: SkRef<'_>) -> Result {
        permit_use(sock, Operation::Receive, |sock| sock.has_ended())
    }

    /// Permits sockets that the task may use.
    fn socket_receive(sock: SkRef<'_>) -> Result {
        permit_use(sock, Operation::Descriptor, |_| false)
    }
}

/// Decides whether the running task may accept or receive on `sock`, or get a descriptor of it.
/// Whatever its association, it may use a socket for which `is_harmless` returns `true`. Asks who
/// is calling before it reads the socket: most callers are no members, or use sockets of their own.
fn permit_use(
    sock: SkRef<'_>,
    operation: Operation,
    is_harmless: impl FnOnce(SkRef<'_>) -> bool,
) -> Result {
    let Some(association) = current() else {
        return Ok(());
    };
    // A socket of the task's own association receives only what that may. Any other is checked by
    // its address.
    if sockets::is_own_of(sock, &association) || is_harmless(sock) {
        return Ok(());
    }
    take_in(sock, &association);
    let verdict = permit_use_as_it_is(sock, &association);
    Call::new(&association, operation).decided(match operation {
        Operation::Descriptor => verdict.map_err(|_| Refusal::DescriptorOutside),
        _ => verdict,
    })
}

/// As [`permit_use`], for a task of `association`. Does not take the socket in.
pub(super) fn permit_use_as_it_is(
    sock: SkRef<'_>,
    association: &Arc<Association>,
) -> Result<(), Refusal> {
    let Some(socket) = describe(sock, association)? else {
        return Ok(());
    };
    let guard = rcu::read_lock();
    policy::receive(&association.owner(&guard), &socket)
}
