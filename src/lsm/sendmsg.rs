// SPDX-License-Identifier: GPL-2.0

//! Sending: by `sendto()`, `sendmsg()`, `sendmmsg()`, `write()`, `splice()`
//! and io_uring. An unbound datagram socket gets a source from the set, and so
//! does a stream socket that `MSG_FASTOPEN` connects.

use kernel::prelude::*;

use crate::policy::{self, Destination, SockAddr};
use crate::sys::sock::{MessageRef, SocketRef};
use crate::table;

use super::source;

/// Decides whether `msg` may be sent on `sock`.
pub(super) fn check(sock: SocketRef<'_>, msg: &MessageRef<'_>) -> Result {
    let Some(association) = table::current() else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock) else {
        return Ok(());
    };
    let to = match msg.name() {
        Some(name) => {
            Destination::To(SockAddr::parse(socket.family, name).map_err(super::refused)?)
        }
        None => Destination::None,
    };
    let set = association.set();
    source::settle(sock, set, source::Port::Later, |socket| {
        policy::send(&set.view(), socket, msg.opens(), &to)
    })
}
