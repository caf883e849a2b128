// SPDX-License-Identifier: GPL-2.0

//! Which socket belongs to which association. A socket belongs to the association of
//! the task that made it, for good. One that was made by an unassociated task may be
//! taken in later, once.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc, ArcBorrow};
use kernel::time::{delay::fsleep, Delta};

use crate::policy;
use crate::sys::membership;
use crate::sys::slot::Slots;
use crate::sys::sock::{FreedSk, SkHold, SkRef, SocketInfo, SocketKind};
use crate::sys::task::{FilesKey, TaskRef};

use super::association::Association;
use super::limits::LOCKED_SOCKETS;
use super::open_sockets::select;
use super::patience::Patience;

// SAFETY: this is the only call of `Slots::new` in the module, so `T` is the same in
// all.
static SLOTS: Slots<Association> = unsafe { Slots::new() };

/// The pause between looks at sockets that their owners keep locked.
const PAUSE: Delta = Delta::from_millis(10);

/// The association that a socket belongs to, if any. Context: any.
pub(crate) fn association_of(sk: SkRef<'_>) -> Option<ArcBorrow<'_, Association>> {
    SLOTS.get(sk)
}

/// Whether a socket belongs to `association`. Context: any.
pub(crate) fn belongs_to(sk: SkRef<'_>, association: &Association) -> bool {
    association_of(sk).is_some_and(|a| a.id() == association.id())
}

/// Whether a task of `association` uses a socket as its own: it is of `association`, or of a part
/// that keeps its loopback. The gate cannot tell these apart, as they have one scope. Context: any.
pub(crate) fn is_own_of(sk: SkRef<'_>, association: &Association) -> bool {
    association_of(sk).is_some_and(|a| a.id() == association.id() || a.scope() == association.id())
}

/// The association of a socket that the running task uses as its own. `None` also when
/// that is not known. Context: process.
pub(crate) fn own(sk: SkRef<'_>) -> Option<ArcBorrow<'_, Association>> {
    membership::is_own(sk).then(|| association_of(sk)).flatten()
}

/// Makes a socket that belongs to no association one of `association`, if its kind is
/// covered. The caller holds no lock of the socket. Context: any but hard interrupts.
pub(crate) fn take_in(sk: SkRef<'_>, association: &Arc<Association>) {
    let kind = sk.kind();
    if covers(association, kind) {
        take_in_covered(sk, kind, association.clone());
    }
}

/// As [`take_in`], for a socket of this kind, which tasks of `association` may have. Returns
/// whether it took the socket in.
pub(crate) fn take_in_covered(
    sk: SkRef<'_>,
    kind: SocketKind,
    association: Arc<Association>,
) -> bool {
    let (scope, key) = (association.scope(), association.key());
    let taken = fill(sk, kind, association);
    if taken {
        sk.set_scope(scope, Some(key));
    }
    taken
}

/// Fills the slot of a socket of this kind, which tasks of `association` may have, if it
/// is empty and the association has not ended. Returns whether it did. Context: any.
fn fill(sk: SkRef<'_>, kind: SocketKind, association: Arc<Association>) -> bool {
    if !kind.is_internet()
        || kind.kernel
        || association_of(sk).is_some()
        || !association.add_socket(kind.is_raw())
    {
        return false;
    }
    // Another task may have filled the slot meanwhile.
    SLOTS
        .fill(sk, association)
        .map_err(|unused| Association::remove_socket(unused, kind.is_raw()))
        .is_ok()
}

/// Whether tasks of `association` may have sockets of this kind. Context: any.
pub(crate) fn covers(association: &Association, kind: SocketKind) -> bool {
    let raw = association.terms().allow_raw;
    policy::create(kind.family, kind.kind, kind.protocol, raw).is_ok()
}

/// Gives `new`, a connection that `listener` accepted, the association of `listener`.
/// Context: any.
pub(crate) fn inherit(listener: SkRef<'_>, new: SkRef<'_>) {
    if let Some(association) = association_of(listener) {
        // Its lock is a copy of the listener's, not to be taken, and so is its key. The scope
        // too, unless the listener was taken in at this moment.
        let kind = new.kind();
        if covers(&association, kind) && fill(new, kind, association.into()) {
            new.set_scope(association.scope(), None);
        }
    }
}

/// Removes a socket that is being freed from its association. Context: any but NMI.
pub(crate) fn forget(mut sk: FreedSk<'_>) {
    if let Some(association) = SLOTS.take(&mut sk) {
        Association::remove_socket(association, sk.kind().is_raw());
    }
}

/// Takes in the sockets among a task's open files that are bound to an address which
/// `association` owns, to a wildcard, or not at all. Sets `unindexed` if [`index`] has to follow.
/// Allocates nothing. The caller holds no spinlock. Returns the table of descriptors.
pub(super) fn adopt(
    task: &TaskRef,
    association: &Arc<Association>,
    unindexed: &mut bool,
) -> Option<FilesKey> {
    task.each_socket(|sk, _| {
        let Some(info) = sk.info().filter(|info| fits(association, info)) else {
            return true;
        };
        take_in(sk, association);
        if policy::is_private_alias(info.local) {
            association.tenant().note_astray();
        }
        *unindexed |= sk.lacks_key();
        true
    })
}

/// Has the stack index the sockets of `association` among the open files of `tasks` that had a
/// port when [`adopt`] took them in. What it leaves out, because memory lacks or an owner keeps a
/// socket locked, works as well, but costs others on its port. Context: process, may sleep.
pub(super) fn index(tasks: &[TaskRef], association: &Association) {
    let is_meant = |sk: SkRef<'_>| sk.lacks_key() && belongs_to(sk, association);
    if let Ok(found) = select(tasks, is_meant) {
        let key = association.key();
        while_locked(|| {
            found
                .iter()
                .fold(false, |busy, sk| busy | !sk.try_set_key(key))
        });
    }
}

/// An association that `is_meant` and of which a task has a socket. The caller holds no
/// spinlock.
pub(super) fn one_of(
    task: &TaskRef,
    is_meant: impl Fn(&Association) -> bool,
) -> Option<Arc<Association>> {
    let mut found = None;
    task.each_socket(|sk, _| {
        let association = association_of(sk).filter(|association| is_meant(association));
        found = association.map(Into::into);
        found.is_none()
    });
    found
}

/// Whether a task waits in a system call on a socket of `association`, which receives
/// only what it may. The caller holds no spinlock.
pub(super) fn waits_on_its_own(task: &TaskRef, association: &Association) -> bool {
    let mut found = false;
    task.socket_of_call(|sk, _| {
        found = belongs_to(sk, association) && task.waits_on(sk);
        !found
    });
    found
}

/// The descriptor of a socket, among a task's open files, that [`adopt`] would not
/// take in and that holds the first part of a datagram from another address. The
/// datagram could still be sent without a call that a hook checks. The caller holds
/// no spinlock.
pub(super) fn half_a_message(task: &TaskRef, association: &Association) -> Option<u32> {
    let mut found = None;
    task.each_socket(|sk, fd| {
        if sk.is_corked() && sk.info().is_some_and(|info| !fits(association, &info)) {
            found = Some(fd);
        }
        found.is_none()
    });
    found
}

/// The connections among the open files of `tasks` that [`adopt`] does not take in,
/// and that the tasks cannot use. Context: process, may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(super) fn strangers(tasks: &[TaskRef], association: &Association) -> Result<KVVec<SkHold>> {
    let is_anothers =
        |sk: SkRef<'_>| association_of(sk).is_some_and(|own| !own.is_within(association));
    select(tasks, |sk| {
        sk.info().is_some_and(|info| {
            info.stream && info.connected && (!fits(association, &info) || is_anothers(sk))
        })
    })
}

fn fits(association: &Association, info: &SocketInfo) -> bool {
    let guard = rcu::read_lock();
    let owner = association.owner(&guard);
    // A connection from the private loopback to an address that is not the owner's
    // belongs to the host's loopback.
    let strays = info.stream
        && info.connected
        && policy::is_private_loopback(info.local)
        && !owner.owns(info.remote);
    info.local.to_canonical().is_unspecified() || (owner.owns(info.local) && !strays)
}

/// Ends connections like a reset. Owners may keep some locked for long; these are
/// left, as associated tasks cannot use them. Context: process, may sleep.
pub(super) fn abort(sockets: &[SkHold]) {
    while_locked(|| {
        sockets
            .iter()
            .fold(false, |busy, sk| busy | !sk.try_abort())
    });
}

/// Calls `end` until it reports that nothing is locked, but not for longer than
/// [`LOCKED_SOCKETS`]. Returns whether something still is.
/// Context: process, may sleep.
pub(super) fn while_locked(mut end: impl FnMut() -> bool) -> bool {
    let patience = Patience::of(LOCKED_SOCKETS);
    while end() {
        if patience.is_over() {
            return true;
        }
        fsleep(PAUSE);
    }
    false
}
