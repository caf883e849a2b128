// SPDX-License-Identifier: GPL-2.0

//! Which socket belongs to which association. A socket belongs to that of the
//! task that made it, for good; one that was made unassociated may be taken in
//! later, once.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc, ArcBorrow};
use kernel::time::{delay::fsleep, Delta};

use crate::policy;
use crate::sys::connections::Connection;
use crate::sys::slot::Slots;
use crate::sys::sock::{SkHold, SkRef, SocketInfo, SocketKind};
use crate::sys::task::{FilesKey, TaskRef};

use super::association::Association;
use super::gather::gather;
use super::limits::LOCKED_SOCKETS;
use super::patience::Patience;

// SAFETY: The only use of `Slots::new`.
static SLOTS: Slots<Association> = unsafe { Slots::new() };

/// Between looks at sockets that their owners keep locked.
const PAUSE: Delta = Delta::from_millis(10);

/// The association a socket belongs to, if any. Any context.
pub(crate) fn association_of(sk: SkRef<'_>) -> Option<ArcBorrow<'_, Association>> {
    SLOTS.get(sk)
}

/// Whether a socket belongs to `association`. Any context.
pub(crate) fn belongs_to(sk: SkRef<'_>, association: &Association) -> bool {
    association_of(sk).is_some_and(|a| a.id() == association.id())
}

/// Makes a socket that belongs to nobody `association`'s, if it is of a kind
/// that is covered. Any context.
pub(crate) fn take_in(sk: SkRef<'_>, association: &Arc<Association>) {
    let kind = sk.kind();
    if !kind.is_internet()
        || kind.kernel
        || !covers(association, kind)
        || association_of(sk).is_some()
        || !association.add_socket(kind.is_raw())
    {
        return;
    }
    // Somebody else may have been faster.
    if let Err(unused) = SLOTS.fill(sk, association.clone()) {
        Association::remove_socket(unused, kind.is_raw());
    }
}

/// Whether tasks of `association` may have sockets of this kind. Any context.
pub(crate) fn covers(association: &Association, kind: SocketKind) -> bool {
    let raw = association.terms().allow_raw;
    policy::create(kind.family, kind.kind, kind.protocol, raw).is_ok()
}

/// `new` is a connection accepted by `listener`, whose association it gets. Any
/// context.
pub(crate) fn inherit(listener: SkRef<'_>, new: SkRef<'_>) {
    if let Some(association) = association_of(listener) {
        take_in(new, &association.into());
    }
}

/// A socket goes. Any context but NMI.
pub(crate) fn forget(sk: SkRef<'_>) {
    if let Some(association) = SLOTS.take(sk) {
        Association::remove_socket(association, sk.kind().is_raw());
    }
}

/// Takes in the sockets among a task's open files, as far as they are bound to
/// what `association` owns, or to nothing or a wildcard. Needs no memory; must
/// not be called with spinlocks held. Returns the table of files.
pub(super) fn adopt(task: &TaskRef, association: &Arc<Association>) -> Option<FilesKey> {
    task.each_socket(|sk, _| {
        if sk.info().is_some_and(|info| fits(association, &info)) {
            take_in(sk, association);
        }
        true
    })
}

/// Whether a task waits in a call on a socket of `association`, which gets only
/// what it may. Must not be called with spinlocks held.
pub(super) fn waits_on_its_own(task: &TaskRef, association: &Association) -> bool {
    let mut found = false;
    task.socket_of_call(|sk, _| {
        found = belongs_to(sk, association) && task.waits_on(sk);
        !found
    });
    found
}

/// The descriptor of a socket, among a task's open files, that [`adopt`] would leave
/// alone and that has the beginning of a datagram from another address, which could
/// still be sent without a call that is asked about. Must not be called with spinlocks
/// held.
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

/// The connections among the open files of `tasks` that [`adopt`] leaves alone,
/// and they cannot use. May sleep.
pub(super) fn strangers(tasks: &[TaskRef], association: &Association) -> Result<KVVec<SkHold>> {
    select(tasks, |sk| {
        sk.info()
            .is_some_and(|info| !fits(association, &info) && info.stream && info.connected)
    })
}

fn fits(association: &Association, info: &SocketInfo) -> bool {
    let guard = rcu::read_lock();
    let owner = association.owner(&guard);
    // From the loopback to another of its addresses it is the host's.
    let strays = info.stream
        && info.connected
        && policy::is_private_loopback(info.local)
        && !owner.owns(info.remote);
    info.local.to_canonical().is_unspecified() || (owner.owns(info.local) && !strays)
}

/// Whether a connection is of an association that is `meant`, and on an address that
/// is not in its set any more. Spinlocks may be held.
pub(super) fn is_leftover(
    connection: &Connection<'_>,
    is_meant: impl Fn(&Association) -> bool,
) -> bool {
    // What is in its final wait has no owner any more, and nothing more to say; it
    // is in the way of the association that has the address now, though.
    let Some(sk) = connection.owner else {
        return false;
    };
    let Some(association) = association_of(sk) else {
        return false;
    };
    let guard = rcu::read_lock();
    is_meant(&association) && !association.owner(&guard).owns(connection.info.local)
}

/// Ends connections as if by a reset. Some may stay locked by their owners for long;
/// these are left, as associated tasks cannot use them. May sleep.
pub(super) fn abort(sockets: &[SkHold]) {
    while_locked(|| {
        sockets
            .iter()
            .fold(false, |busy, sk| busy | !sk.get().try_abort())
    });
}

/// Calls `end` until it says that nothing is locked any more, but not for long.
/// Whether something still is. May sleep.
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

/// References to the sockets among the open files of `tasks` that `wanted` says
/// yes to, one to each. `wanted` must not sleep, and may be asked more than once.
fn select(tasks: &[TaskRef], wanted: impl Fn(SkRef<'_>) -> bool) -> Result<KVVec<SkHold>> {
    let mut all = KVVec::new();
    each_table(tasks, |task| {
        let mut files = None;
        let found: KVVec<SkHold> = gather(|push| {
            files = task.each_socket(|sk, _| {
                if wanted(sk) {
                    push(sk.hold());
                }
                true
            });
        })?;
        for sk in found {
            // There may be very many descriptors of one socket.
            if all.len() == all.capacity() {
                leave_one_of_each(&mut all);
                all.reserve(all.len(), GFP_KERNEL)?;
            }
            all.push(sk, GFP_KERNEL)?;
        }
        Ok(files)
    })?;
    leave_one_of_each(&mut all);
    Ok(all)
}

fn leave_one_of_each(sockets: &mut KVVec<SkHold>) {
    sockets.sort_unstable_by_key(SkHold::address);
    let mut last = None;
    sockets.retain(|sk| last.replace(sk.address()) != Some(sk.address()));
}

/// Calls `look` with each task, but not with those that have the table of
/// descriptors that was looked at last, which `look` returns: very many tasks may
/// share one of very many descriptors. Those that do come one after the other. May
/// sleep.
pub(super) fn each_table(
    tasks: &[TaskRef],
    mut look: impl FnMut(&TaskRef) -> Result<Option<FilesKey>>,
) -> Result {
    let mut by_table = KVVec::with_capacity(tasks.len(), GFP_KERNEL)?;
    for task in tasks {
        // Asked once: it may get another.
        by_table.push((task.files(), task), GFP_KERNEL)?;
    }
    by_table.sort_unstable_by_key(|(files, _)| *files);
    let mut last = None;
    for (_, task) in by_table {
        let files = task.files();
        if files.is_none() || files != last {
            last = look(task)?;
        }
    }
    Ok(())
}
