// SPDX-License-Identifier: GPL-2.0

//! Calls that change a socket, or read what it reports only once. All processes that have a
//! descriptor of a socket share it. So an associated task may change the sockets of its
//! association, and those that it may continue to use. It may only read other sockets that it
//! holds from before it was associated, or from the whole of its association.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::events::Operation;
use crate::policy::{self, Refusal};
use crate::sys::gate::ChangeHooks;
use crate::sys::sock::SkRef;
use crate::sys::task;
use crate::table::sockets;

use super::hold::permit_use_as_it_is;
use super::{current, responsible, Call};

/// The rules for changes.
pub(crate) enum Change {}

impl ChangeHooks for Change {
    /// Permits options of Internet sockets that are known to leave addresses alone.
    fn socket_setsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
        let Some(association) = responsible(sock) else {
            return Ok(());
        };
        let call = Call::new(&association, Operation::Option);
        let kind = sock.kind();
        // The socket was made before the task was associated, or at that moment.
        if !kind.kernel && !sockets::covers(&association, kind) {
            return Err(call.refuse(Refusal::KindNotCovered));
        }
        if !kind.is_internet() {
            return Ok(());
        }
        // All that have the socket share its options. Clearing UDP_CORK sends a datagram whose
        // beginning was not checked.
        permit_change(sock)?;
        let raw = association.terms().allow_raw;
        call.decided(policy::option(level, name, task::option_length(), raw))
    }

    fn socket_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
        match policy::look(level, name) {
            // As for receiving: reading why a connection ended is permitted.
            Err(_) if (level, name) == policy::SO_ERROR && sock.has_ended() => Ok(()),
            verdict => permit_or_change(sock, verdict),
        }
    }

    /// `shutdown()` of a listener ends the service.
    fn socket_shutdown(sock: SkRef<'_>) -> Result {
        permit_change(sock)
    }

    fn socket_ioctl(sock: SkRef<'_>, request: u32) -> Result {
        permit_or_change(sock, policy::request(request))
    }

    fn socket_fcntl(sock: SkRef<'_>, command: u32) -> Result {
        permit_or_change(sock, policy::control(command))
    }

    /// Options that a ring sets or reads are checked by their own hooks. This one checks reading
    /// from the queue of time stamps, and commands that later kernels add.
    fn socket_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result {
        permit_or_change(sock, policy::ring_command(operation))
    }
}

/// Permits the call if its `verdict` does, or if the running task may change `sock`.
fn permit_or_change(sock: SkRef<'_>, verdict: core::result::Result<(), Refusal>) -> Result {
    match verdict {
        Ok(()) => Ok(()),
        Err(refusal) => permit_change_or(sock, Some(refusal)),
    }
}

/// Decides whether the running task may change `sock`. Checks Internet sockets only. Takes no
/// socket in: an unbound one may be the host's, which is about to bind it.
fn permit_change(sock: SkRef<'_>) -> Result {
    permit_change_or(sock, None)
}

/// As [`permit_change`]. If it may not, refuses with `refusal`, if there is one.
fn permit_change_or(sock: SkRef<'_>, refusal: Option<Refusal>) -> Result {
    let Some(association) = current() else {
        return Ok(());
    };
    if sockets::is_own_of(sock, &association) || !sock.kind().is_internet() {
        return Ok(());
    }
    let verdict = permit_use_as_it_is(sock, &association);
    let call = Call::new(&association, Operation::Option);
    call.decided(verdict.map_err(|found| refusal.unwrap_or(found)))
}
