// SPDX-License-Identifier: GPL-2.0

//! What changes a socket, or tells something only once: an open socket is shared
//! with everybody who has a descriptor of it. An associated task may change its
//! association's own sockets, and those that it may go on using; what it has of
//! others, inherited from before or from what it is a part of, it may only look
//! at. Context: process, may sleep.

use kernel::prelude::*;

use crate::policy::{self, Refusal};
use crate::sys::gate::ChangeHooks;
use crate::sys::sock::SkRef;
use crate::table::sockets;

use super::hold::{has_ended, permit_use_as_it_is};
use super::{current, refused, responsible};

/// The rules for changes.
pub(crate) enum Change {}

impl ChangeHooks for Change {
    /// On Internet sockets, what is known to leave addresses alone.
    fn socket_setsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
        let Some(association) = responsible(sock) else {
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
        permit_change(sock)?;
        policy::option(level, name, association.terms().allow_raw).map_err(refused)
    }

    fn socket_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
        match policy::look(level, name) {
            // As receiving: a connection that ended tells why.
            Err(_) if (level, name) == policy::SO_ERROR && has_ended(sock) => Ok(()),
            verdict => permit_or_change(sock, verdict),
        }
    }

    /// Of a listener it ends the service.
    fn socket_shutdown(sock: SkRef<'_>) -> Result {
        permit_change(sock)
    }

    fn socket_ioctl(sock: SkRef<'_>, request: u32) -> Result {
        permit_or_change(sock, policy::request(request))
    }

    fn socket_fcntl(sock: SkRef<'_>, command: u32) -> Result {
        permit_or_change(sock, policy::control(command))
    }

    /// Options that a ring sets or reads are asked about by their own hooks; what it
    /// takes out of the queue of time stamps, and whatever comes later, is asked
    /// about here.
    fn socket_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result {
        permit_or_change(sock, policy::ring_command(operation))
    }
}

/// Permits what is harmless by its `verdict`, and else what may change `sock`.
fn permit_or_change(sock: SkRef<'_>, verdict: core::result::Result<(), Refusal>) -> Result {
    verdict.or_else(|refusal| permit_change(sock).map_err(|_| refused(refusal)))
}

/// Decides whether the running task may change `sock`. Only Internet sockets are
/// asked about. None is taken in by this: one that is not bound yet may be the
/// host's, which is about to.
fn permit_change(sock: SkRef<'_>) -> Result {
    let Some(association) = current() else {
        return Ok(());
    };
    if sockets::belongs_to(sock, &association) || !sock.kind().is_internet() {
        return Ok(());
    }
    permit_use_as_it_is(sock, &association)
}
