// SPDX-License-Identifier: GPL-2.0

//! The hooks of system calls: each passes the policy what the kernel passes it, and returns the
//! verdict. One file for each family, which implements the family's trait.
//!
//! A hook runs in the task that made the call, without locks. For unassociated tasks it returns
//! in its first line. Where a hook runs in another context, its trait says so.

mod address;
mod change;
mod create;
mod exec;
mod file;
mod hold;
mod refusal;
mod source;
mod task;
mod trace;

pub(crate) use address::Address;
pub(crate) use change::Change;
pub(crate) use create::Create;
pub(crate) use exec::Exec;
pub(crate) use file::Files;
pub(crate) use hold::Hold;
pub(crate) use task::Tasks;
pub(crate) use trace::Trace;

use refusal::Call;

use core::ops::Deref;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc, ArcBorrow};

use crate::policy::{self, Refusal};
use crate::sys::sock::SkRef;
use crate::table::{self, sockets, Association};

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

/// Whether a socket that a task of `association` uses belongs to it; `None` when the kernel made
/// the socket for itself: it works for the task, but is the host's.
///
/// # Errors
///
/// When the socket is of a kind that the association does not cover: it was made before the task
/// was associated.
fn is_scoped(sock: SkRef<'_>, association: &Association) -> Result<Option<bool>, Refusal> {
    // `sockets::take_in` checked the kind of a socket of the association. IPV6_ADDRFORM may
    // change it since, to one that is covered as well.
    if sockets::belongs_to(sock, association) {
        return Ok(Some(true));
    }
    let kind = sock.kind();
    if kind.kernel {
        return Ok(None);
    }
    if !sockets::covers(association, kind) {
        return Err(Refusal::KindNotCovered);
    }
    Ok(Some(false))
}

/// A socket that a task of `association` uses, as the policy sees it; `None` as for
/// [`is_scoped`], and when it is neither IPv4 nor IPv6.
///
/// # Errors
///
/// As for [`is_scoped`].
fn describe(sock: SkRef<'_>, association: &Association) -> Result<Option<policy::Socket>, Refusal> {
    let (Some(scoped), Some(info)) = (is_scoped(sock, association)?, sock.info()) else {
        return Ok(None);
    };
    Ok(Some(policy::Socket {
        family: family(info.is_v6),
        stream: info.stream,
        connected: info.is_established(),
        scoped,
        local: info.local,
        source: info.source,
    }))
}

/// The family of a socket; `None` when it is neither IPv4 nor IPv6.
fn family_of(sock: SkRef<'_>) -> Option<policy::Family> {
    let kind = sock.kind();
    kind.is_internet().then(|| family(kind.is_v6()))
}

fn family(is_v6: bool) -> policy::Family {
    if is_v6 {
        policy::Family::V6
    } else {
        policy::Family::V4
    }
}

/// The association of the running task, if any.
fn current() -> Option<Arc<Association>> {
    table::current()
}

/// An association, during a call that uses one of its sockets or is made by one of its tasks.
enum Responsible<'a> {
    /// That of a socket.
    OfSocket(ArcBorrow<'a, Association>),
    /// That of the running task.
    OfTask(Arc<Association>),
}

impl Deref for Responsible<'_> {
    type Target = Association;

    fn deref(&self) -> &Association {
        match self {
            Self::OfSocket(association) => association,
            Self::OfTask(association) => association,
        }
    }
}

/// The association whose rules apply when the running task uses a socket: that of the task, or
/// else that of the socket, which keeps it when unassociated tasks use the socket. For a socket that
/// the task uses as its own, it is that of the socket, which may be a part.
fn responsible(sock: SkRef<'_>) -> Option<Responsible<'_>> {
    // Usually both are the same. Then this saves looking for the task.
    if let Some(own) = sockets::own(sock) {
        return Some(Responsible::OfSocket(own));
    }
    match current() {
        Some(association) if !sockets::is_own_of(sock, &association) => {
            Some(Responsible::OfTask(association))
        }
        _ => sockets::association_of(sock).map(Responsible::OfSocket),
    }
}

/// As [`responsible`]. Takes the socket in if it can be.
fn claim(sock: SkRef<'_>) -> Option<Responsible<'_>> {
    let found = responsible(sock)?;
    if let Responsible::OfTask(association) = &found {
        take_in(sock, association);
    }
    Some(found)
}
