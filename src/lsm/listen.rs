// SPDX-License-Identifier: GPL-2.0

//! `listen()`: on a socket that was never bound, it would bind the wildcard.

use kernel::prelude::*;

use crate::policy;
use crate::sys::sock::SocketRef;
use crate::table;

use super::source;

/// Decides a `listen()` on `sock`.
pub(super) fn check(sock: SocketRef<'_>) -> Result {
    let Some(association) = table::current() else {
        return Ok(());
    };
    let set = association.set();
    source::settle(sock, set, source::Port::Now, |socket| {
        policy::listen(&set.view(), socket)
    })
}
