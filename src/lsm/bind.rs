// SPDX-License-Identifier: GPL-2.0

//! `bind()`: what the association owns, or the wildcard, which stands for it.

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, SockAddr};
use crate::sys::sock::SkRef;

/// Decides a `bind()` of `sock` to `address`.
pub(super) fn check(sock: SkRef<'_>, address: &[u8]) -> Result {
    let Some(association) = super::responsible(sock) else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock, &association)? else {
        return Ok(());
    };
    if !policy::long_enough(&socket, address.len()) {
        return Err(EINVAL);
    }
    let asked = SockAddr::parse(socket.family, address).map_err(super::refused)?;
    let guard = rcu::read_lock();
    policy::bind(&association.owner(&guard), &socket, &asked).map_err(super::refused)
}
