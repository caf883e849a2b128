// SPDX-License-Identifier: GPL-2.0

//! `connect()`: a socket without an address gets a source first.

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, SockAddr};
use crate::sys::sock::SkRef;

use super::source;

/// Decides a `connect()` of `sock` to `address`.
pub(super) fn check(sock: SkRef<'_>, address: &[u8]) -> Result {
    let Some(association) = super::responsible(sock) else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock, &association)? else {
        return Ok(());
    };
    let to = SockAddr::parse(socket.family, address).map_err(super::refused)?;
    let usage = {
        let guard = rcu::read_lock();
        policy::connect(&association.owner(&guard), &socket, &to)
    };
    source::carry_out(sock, &association, usage)
}
