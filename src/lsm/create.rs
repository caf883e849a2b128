// SPDX-License-Identifier: GPL-2.0

//! `socket()`: kinds of sockets that are not covered are refused, the others
//! are the association's from birth. Context: process, may sleep.

use kernel::prelude::*;

use crate::policy;
use crate::sys::gate::CreateHooks;
use crate::sys::sock::SkRef;
use crate::table::sockets;

use super::{current, refused};

/// The rules for new sockets.
pub(crate) enum Create {}

impl CreateHooks for Create {
    fn socket_create(family: i32, kind: i32, protocol: i32) -> Result {
        match current() {
            Some(association) => {
                let raw = association.terms().allow_raw;
                policy::create(family, kind, protocol, raw).map_err(refused)
            }
            None => Ok(()),
        }
    }

    /// The task may have been associated only after it was asked whether it may.
    fn socket_post_create(sock: SkRef<'_>) -> Result {
        let Some(association) = current() else {
            return Ok(());
        };
        let kind = sock.kind();
        if !sockets::covers(&association, kind) {
            return Err(EPERM);
        }
        sockets::take_in(sock, &association);
        if kind.is_raw() && !sockets::belongs_to(sock, &association) {
            // There are as many as there may be.
            return Err(ENOBUFS);
        }
        if kind.kind == policy::SOCK_RAW {
            // The kernel's tables have the socket before it belongs to the tenant: what
            // it received until now is not for the tenant.
            sock.drop_input();
        }
        Ok(())
    }
}
