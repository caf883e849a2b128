// SPDX-License-Identifier: GPL-2.0

//! `connect()`: an unbound socket gets a source from the set first.

use kernel::prelude::*;

use crate::policy::{self, SockAddr};
use crate::sys::sock::SocketRef;
use crate::table;

use super::source;

/// Decides a `connect()` of `sock` to `address`.
pub(super) fn check(sock: SocketRef<'_>, address: &[u8]) -> Result {
    let Some(association) = table::current() else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock) else {
        return Ok(());
    };
    let to = SockAddr::parse(socket.family, address).map_err(super::refused)?;
    let set = association.set();
    source::settle(sock, set, source::Port::Later, |socket| {
        policy::connect(&set.view(), socket, &to)
    })
}
