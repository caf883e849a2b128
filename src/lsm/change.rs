// SPDX-License-Identifier: GPL-2.0

//! What changes a socket, or tells something only once: an open socket is shared
//! with everybody who has a descriptor of it. An associated task may change its
//! association's own sockets, and those that it may go on using; what it has of
//! others, inherited from before or from what it is a part of, it may only look
//! at. May sleep.

use kernel::prelude::*;

use crate::policy;
use crate::sys::sock::SkRef;
use crate::table::sockets;

/// Decides a `shutdown()` of `sock`: of a listener it ends the service.
pub(super) fn permit_shutdown(sock: SkRef<'_>) -> Result {
    permit_change(sock)
}

/// Decides a `getsockopt()` on `sock`.
pub(super) fn permit_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
    match policy::look(level, name) {
        Ok(()) => Ok(()),
        // As receiving: a connection that ended tells why.
        Err(_) if (level, name) == policy::SO_ERROR && super::hold::has_ended(sock) => Ok(()),
        Err(refusal) => permit_change(sock).map_err(|_| super::refused(refusal)),
    }
}

/// Decides an `ioctl()` on `sock`.
pub(super) fn permit_ioctl(sock: SkRef<'_>, request: u32) -> Result {
    match policy::request(request) {
        Ok(()) => Ok(()),
        Err(refusal) => permit_change(sock).map_err(|_| super::refused(refusal)),
    }
}

/// Decides an `fcntl()` on a descriptor of `sock`.
pub(super) fn permit_fcntl(sock: SkRef<'_>, command: u32) -> Result {
    match policy::control(command) {
        Ok(()) => Ok(()),
        Err(refusal) => permit_change(sock).map_err(|_| super::refused(refusal)),
    }
}

/// Decides a command of an io_uring on `sock`. Options that it sets or reads are
/// asked about by their own hooks; what it takes out of the queue of time stamps,
/// and whatever comes later, is asked about here.
pub(super) fn permit_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result {
    match policy::ring_command(operation) {
        Ok(()) => Ok(()),
        Err(refusal) => permit_change(sock).map_err(|_| super::refused(refusal)),
    }
}

/// Decides whether the running task may change `sock`. Only Internet sockets are
/// asked about. None is taken in by this: one that is not bound yet may be the
/// host's, which is about to.
pub(super) fn permit_change(sock: SkRef<'_>) -> Result {
    let Some(association) = super::current() else {
        return Ok(());
    };
    if sockets::belongs_to(sock, &association) || !sock.kind().is_internet() {
        return Ok(());
    }
    super::hold::check_as_it_is(sock, &association)
}
