// SPDX-License-Identifier: GPL-2.0

//! `setsockopt()`: on Internet sockets, what is known to leave addresses alone.

use kernel::prelude::*;

use crate::policy;
use crate::sys::sock::SkRef;
use crate::table::sockets;

/// Decides a `setsockopt()` on `sock`. May sleep.
pub(super) fn check(sock: SkRef<'_>, level: i32, name: i32) -> Result {
    let Some(association) = super::responsible(sock) else {
        return Ok(());
    };
    let kind = sock.kind();
    // Made before the task was associated, or that very moment.
    if !kind.kernel && !sockets::covers(&association, kind) {
        return Err(EPERM);
    }
    if !kind.is_internet() {
        return Ok(());
    }
    // An option of a socket is an option of everybody who has it. UDP_CORK sends
    // what a message began that nobody was asked about.
    super::change::permit_change(sock)?;
    policy::option(level, name, association.terms().allow_raw).map_err(super::refused)
}
