// SPDX-License-Identifier: GPL-2.0

//! The hooks of system calls: what the kernel hands over goes in, the policy's
//! verdict comes out. One file for each family, which implements the family's trait.
//!
//! They run in the context of the task that made the call and hold no lock;
//! unassociated tasks leave at the first line of each. Where a hook runs in another
//! context, its trait says so.

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

/// What the caller sees when the policy refuses.
fn refused(refusal: policy::Refusal) -> Error {
    Error::from_errno(-refusal.errno())
}

/// A socket that belongs to nobody becomes the association's if it is bound to
/// nothing, or to an address of the association: it was made before the task
/// was associated. One that is bound to 127.0.0.1 is the host's.
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

/// A socket that a task of `association` uses, as the policy sees it; `None`
/// when it is neither IPv4 nor IPv6, or the kernel's own, which works for the
/// task but not under its name. `EPERM` when it is of a kind that is not
/// covered, made before the task was associated.
fn describe(sock: SkRef<'_>, association: &Association) -> Result<Option<policy::Socket>> {
    let kind = sock.kind();
    if kind.kernel {
        return Ok(None);
    }
    if !sockets::covers(association, kind) {
        return Err(EPERM);
    }
    let Some(info) = sock.info() else {
        return Ok(None);
    };
    let scoped = sockets::belongs_to(sock, association);
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

/// The association under whose rules the running task uses a socket: its own,
/// or the socket's, which keeps its scope in other hands.
fn responsible(sock: SkRef<'_>) -> Option<Arc<Association>> {
    current().or_else(|| sockets::association_of(sock).map(Arc::from))
}

/// The same, after the socket was taken in if it can be.
fn claim(sock: SkRef<'_>) -> Option<Arc<Association>> {
    let association = responsible(sock)?;
    take_in(sock, &association);
    Some(association)
}
