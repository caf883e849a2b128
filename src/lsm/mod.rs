// SPDX-License-Identifier: GPL-2.0

//! The hooks of system calls: each passes the policy what the kernel passes it, and returns the
//! verdict. One file for each family, which implements the family's trait.
//!
//! A hook runs in the task that made the call, without locks. For unassociated tasks it returns
//! in its first line. Where a hook runs in another context, its trait says so.

mod address;
mod change;
mod create;
mod file;
mod hold;
mod source;
mod task;
mod trace;

pub(crate) use address::Address;
pub(crate) use change::Change;
pub(crate) use create::Create;
pub(crate) use file::Files;
pub(crate) use hold::Hold;
pub(crate) use task::Tasks;
pub(crate) use trace::Trace;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::policy;
use crate::sys::sock::SkRef;
use crate::table::{self, sockets, Association};

/// The error that the program sees when the policy denies.
fn refused(refusal: policy::Refusal) -> Error {
    Error::from_errno(-refusal.errno())
}

/// Takes an unassociated socket into `association` if it is unbound, or bound to an address of
/// the association: it was made before the task was associated. A socket bound to 127.0.0.1 is
/// the host's, and stays so.
fn take_in(sock: SkRef<'_>, association: &Arc<Association>) {
    if sockets::association_of(sock).is_some() {
        return;
    }
    let Some(info) = sock.info() else {
        return;
    };
    let unbound = !info.has_port && info.local.to_canonical().is_unspecified();
    let guard = rcu::read_lock();
    if unbound || association.owner(&guard).owns_publicly(info.local) {
        sockets::take_in(sock, association);
    }
}

/// A socket that a task of `association` uses, as the policy sees it; `None` when it is neither
/// IPv4 nor IPv6, or the kernel made it for itself: such a socket works for the task, but is the
/// host's.
///
/// # Errors
///
/// `EPERM` when the socket is of a kind that the association does not cover: it was made before
/// the task was associated.
fn describe(sock: SkRef<'_>, association: &Association) -> Result<Option<policy::Socket>> {
    let scoped = sockets::belongs_to(sock, association);
    // `sockets::take_in` checked the kind of a socket of the association. IPV6_ADDRFORM may
    // change it since, to one that is covered as well.
    if !scoped {
        let kind = sock.kind();
        if kind.kernel {
            return Ok(None);
        }
        if !sockets::covers(association, kind) {
            return Err(EPERM);
        }
    }
    let Some(info) = sock.info() else {
        return Ok(None);
    };
    Ok(Some(policy::Socket {
        family: if info.is_v6 {
            policy::Family::V6
        } else {
            policy::Family::V4
        },
        stream: info.stream,
        connected: info.is_established(),
        scoped,
        local: info.local,
        source: info.source,
    }))
}

/// The association of the running task, if any.
fn current() -> Option<Arc<Association>> {
    table::current()
}

/// The association whose rules apply when the running task uses a socket: that of the task, or
/// else that of the socket, which keeps it when unassociated tasks use the socket.
fn responsible(sock: SkRef<'_>) -> Option<Arc<Association>> {
    current().or_else(|| sockets::association_of(sock).map(Arc::from))
}

/// As [`responsible`]. Takes the socket in if it can be.
fn claim(sock: SkRef<'_>) -> Option<Arc<Association>> {
    let association = responsible(sock)?;
    take_in(sock, &association);
    Some(association)
}
