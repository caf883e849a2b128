// SPDX-License-Identifier: GPL-2.0

//! `bind()`: members only, and the wildcard is rewritten in the kernel's copy
//! of the address, which the protocol reads next.

use kernel::prelude::*;

use crate::policy::{self, SockAddr, Verdict};
use crate::sys::sock::SocketRef;
use crate::table;

/// Decides a `bind()` of `sock` to `address`.
pub(super) fn check(sock: SocketRef<'_>, address: &mut [u8]) -> Result {
    let Some(association) = table::current() else {
        return Ok(());
    };
    let Some(socket) = super::describe(sock) else {
        return Ok(());
    };
    if !policy::long_enough(&socket, address.len()) {
        return Err(EINVAL);
    }
    let asked = SockAddr::parse(socket.family, address).map_err(super::refused)?;
    match policy::bind(&association.set().view(), &socket, &asked) {
        Verdict::Allow => Ok(()),
        Verdict::Rewrite(to) => {
            asked.rewrite(address, to);
            Ok(())
        }
        Verdict::Deny(refusal) => Err(super::refused(refusal)),
    }
}
