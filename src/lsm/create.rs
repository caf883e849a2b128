// SPDX-License-Identifier: GPL-2.0

//! `socket()` and `socketpair()`: kinds of sockets that are not covered are denied. Others belong
//! to the association of the task that makes them.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::events::Operation;
use crate::policy::{self, Refusal};
use crate::sys::gate::CreateHooks;
use crate::sys::sock::SkRef;
use crate::table::{sockets, Association};

use super::{current, Call};

/// The rules for new sockets.
pub(crate) enum Create {}

impl CreateHooks for Create {
    fn socket_create(family: i32, kind: i32, protocol: i32) -> Result {
        let create = |raw| policy::create(family, kind, protocol, raw);
        // Most are of kinds that every association may have: then nobody is looked up.
        if create(false).is_ok() {
            return Ok(());
        }
        let Some(association) = current() else {
            return Ok(());
        };
        let call = Call::new(&association, Operation::Create);
        call.decided(create(association.terms().allow_raw))
    }

    /// Checks again: the task may have been associated since `socket_create`.
    fn socket_post_create(sock: SkRef<'_>) -> Result {
        let Some(association) = current() else {
            return Ok(());
        };
        let refuse =
            |own: &Association, refusal| Err(Call::new(own, Operation::Create).refuse(refusal));
        let kind = sock.kind();
        if !sockets::covers(&association, kind) {
            return refuse(&association, Refusal::KindNotCovered);
        }
        if !kind.is_raw() {
            sockets::take_in_covered(sock, kind, association);
            return Ok(());
        }
        if !sockets::take_in_covered(sock, kind, association.clone()) {
            // The tenant has as many raw sockets as it may, or the association has ended.
            return refuse(&association, Refusal::TooManyRawSockets);
        }
        if kind.kind == policy::SOCK_RAW {
            // The kernel's tables had the socket before it belonged to the tenant. What it has
            // received until now may not be for the tenant.
            sock.drop_input();
        }
        Ok(())
    }
}
