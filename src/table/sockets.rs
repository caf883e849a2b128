// SPDX-License-Identifier: GPL-2.0

//! Which socket belongs to which association. A socket belongs to that of the
//! task that made it, for good; one that was made unassociated may be taken in
//! later, once.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc, ArcBorrow};

use crate::policy;
use crate::sys::sock::{SkHold, SkRef, SocketInfo, SocketKind};
use crate::sys::task::TaskRef;
use crate::SLOTS;

use super::gather::gather;
use super::{AddressSet, Association};

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
        || !association.add_socket()
    {
        return;
    }
    // Somebody else may have been faster.
    if let Err(unused) = SLOTS.fill(sk, association.clone()) {
        Association::remove_socket(unused);
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
        Association::remove_socket(association);
    }
}

/// Takes in the sockets among a task's open files, as far as they are bound to
/// what `association` owns, or to nothing or a wildcard. Needs no memory; must
/// not be called with spinlocks held.
pub(super) fn adopt(task: &TaskRef, association: &Arc<Association>) {
    task.each_socket(|sk| {
        if sk.info().is_some_and(|info| fits(association, &info)) {
            take_in(sk, association);
        }
        true
    });
}

/// Whether a task waits in a call on a socket of `association`, which gets only
/// what it may. Must not be called with spinlocks held.
pub(super) fn waits_on_its_own(task: &TaskRef, association: &Association) -> bool {
    let mut found = false;
    task.socket_of_call(|sk| {
        found = belongs_to(sk, association) && task.waits_on(sk);
        !found
    });
    found
}

/// Whether [`adopt`] would leave alone, among a task's open files, a socket with
/// the beginning of a datagram from another address, which could still be sent
/// without a call that is asked about. Must not be called with spinlocks held.
pub(super) fn holds_half_a_message(task: &TaskRef, association: &Association) -> bool {
    let mut found = false;
    task.each_socket(|sk| {
        found = sk.is_corked() && sk.info().is_some_and(|info| !fits(association, &info));
        !found
    });
    found
}

/// The connections among a task's open files that [`adopt`] leaves alone, and
/// the task cannot use. May sleep.
pub(super) fn strangers(task: &TaskRef, association: &Association) -> Result<KVVec<SkHold>> {
    select(task, |sk| {
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

/// The connections among a task's open files that are `association`'s but bound
/// to what it would not own with `set`, or, without one, does not own now. May
/// sleep.
pub(super) fn strays(
    task: &TaskRef,
    association: &Association,
    set: Option<&AddressSet>,
) -> Result<KVVec<SkHold>> {
    select(task, |sk| {
        let Some(info) = sk.info() else {
            return false;
        };
        let guard = rcu::read_lock();
        let mut owner = association.owner(&guard);
        if let Some(set) = set {
            owner.set = set.view();
        }
        belongs_to(sk, association) && info.connected && !owner.owns(info.local)
    })
}

/// Ends connections as if by a reset. Returns how many there were. May sleep.
pub(super) fn abort(sockets: &[SkHold]) -> u64 {
    sockets.iter().map(|sk| u64::from(sk.get().abort())).sum()
}

/// References to the sockets among a task's open files that `wanted` says yes
/// to. `wanted` must not sleep, and may be asked more than once.
fn select(task: &TaskRef, wanted: impl Fn(SkRef<'_>) -> bool) -> Result<KVVec<SkHold>> {
    let mut found: KVVec<SkHold> = gather(|push| {
        task.each_socket(|sk| {
            if wanted(sk) {
                push(sk.hold());
            }
            true
        });
    })?;
    // One may have very many descriptors.
    found.sort_unstable_by_key(SkHold::address);
    let mut last = None;
    found.retain(|sk| last.replace(sk.address()) != Some(sk.address()));
    Ok(found)
}
