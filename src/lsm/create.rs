// SPDX-License-Identifier: GPL-2.0

//! `socket()` and `socketpair()`: kinds of sockets that are not covered are denied. Others belong
//! to the association of the task that makes them.
//!
//! Context: process, may sleep.

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
        let create = |raw| policy::create(family, kind, protocol, raw);
        // Most are of kinds that every association may have: then nobody is looked up.
        create(false)
            .or_else(|_| current().map_or(Ok(()), |own| create(own.terms().allow_raw)))
            .map_err(refused)
    }

    /// Checks again: the task may have been associated since `socket_create`.
    fn socket_post_create(sock: SkRef<'_>) -> Result {
        let Some(association) = current() else {
            return Ok(());
        };
        let kind = sock.kind();
        if !sockets::covers(&association, kind) {
            return Err(EPERM);
        }
        let taken = sockets::take_in_covered(sock, kind, association);
        if kind.is_raw() && !taken {
            // The tenant has as many raw sockets as it may, or the association has ended.
            return Err(ENOBUFS);
        }
        if kind.kind == policy::SOCK_RAW {
            // The kernel's tables had the socket before it belonged to the tenant. What it has
            // received until now may not be for the tenant.
            sock.drop_input();
        }
        Ok(())
    }
}
