// SPDX-License-Identifier: GPL-2.0

//! Sending: by `sendto()`, `sendmsg()`, `sendmmsg()`, `write()`, `splice()`
//! and io_uring. A socket without an address gets a source for each
//! destination; one that the message itself asks for must be the
//! association's.
//!
//! The kernel does not ask about the second and later messages of
//! `sendmmsg()` to one destination; see `crate::net`.

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, Destination, SockAddr};
use crate::sys::sock::{MessageRef, SkRef};

use super::source;

/// Decides whether `msg` may be sent on `sock`.
pub(super) fn check(sock: SkRef<'_>, msg: &MessageRef<'_>) -> Result {
    let Some(association) = super::responsible(sock) else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock, &association)? else {
        return Ok(());
    };
    let to = match msg.name() {
        // A stream has but one destination: the kernel does not look at others.
        Some(name) if !socket.stream || msg.opens() => {
            Destination::To(SockAddr::parse(socket.family, name).map_err(super::refused)?)
        }
        _ => Destination::None,
    };
    let usage = {
        let guard = rcu::read_lock();
        let owner = association.owner(&guard);
        if !policy::sources_allowed(&owner, msg.control()) {
            return Err(EADDRNOTAVAIL);
        }
        if policy::routed(msg.control()) {
            return Err(EPERM);
        }
        policy::send(&owner, &socket, msg.opens(), &to)
    };
    source::carry_out(sock, &association, usage)
}
