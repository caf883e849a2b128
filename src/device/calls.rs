// SPDX-License-Identifier: GPL-2.0

//! The control calls, as `src/abi/request.rs` documents them. Each is one transaction: all of it
//! is checked before anything changes.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{
    AddrEntry, AssignRequest, HostLoopback, LeftoverEntry, ListRequest, Obstacle, QueryRequest,
    ReleaseRequest, Target, Terms, UpdateRequest, VersionReply, Wire, ABI_VERSION, MAX_ADDRS,
    MAX_LIST,
};
use crate::policy::{self, Prefix, Uid};
use crate::sys::task::{capable_net_admin, TaskRef};
use crate::table::{self, AddressSet, Association, Refused, Tenants, Whom};

use super::caller::{Caller, Proof};
use super::entries::{prefixes, Bytes};
use super::user::{read_array, write_array, write_what_fits, Argument};

/// Returns the version of the interface. Needs no right except the open file.
pub(super) fn version(arg: Argument) -> Result {
    arg.write(&VersionReply {
        abi: ABI_VERSION,
        max_addrs: MAX_ADDRS,
        features: 0,
    })
}

/// Makes an association.
pub(super) fn assign(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: AssignRequest = arg.read()?;
    request.obstacle = None;
    let set = AddressSet::of_entries(read_prefixes(request.addrs, request.addr_count)?)?;
    permit_loopback(&request.terms)?;
    if caller.user().is_some() && (request.tree || !policy::may_ask(&request.terms)) {
        return Err(EPERM);
    }
    let proof = Proof::of(request.proof)?;
    let process = match request.target {
        target if target.is_process() => process(target)?,
        _ => return Err(EINVAL),
    };
    // A caller whose memory cannot be written learns that before the call takes effect. Only the
    // caller itself can change that afterwards.
    arg.write(&request)?;
    let turn = caller.turn()?;
    let whom = Whom {
        process: &process,
        tree: request.tree,
        reset: request.reset,
        own: caller.own(&turn, &proof),
    };
    let assigned = caller.table.assign(&whom, request.terms, set);
    let association = assigned.map_err(|refused| {
        tell(arg, &refused, |obstacle| AssignRequest {
            obstacle,
            ..request
        })
    })?;
    request.id = association.id().into();
    request.terms = *association.terms();
    arg.write(&request)
}

/// Changes the set of an association.
pub(super) fn update(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: UpdateRequest = arg.read()?;
    let entries = read_prefixes(request.addrs, request.addr_count)?;
    arg.write(&request)?;
    let association = find(&caller, request.target)?;
    let turn = caller.turn()?;
    let (change, reset) = (request.change, request.reset);
    let table = caller.table;
    request.resets = table.update(&association, change, entries, reset, turn.as_ref())?;
    arg.write(&request)
}

/// Takes a process out of its association, or ends one association or all.
pub(super) fn release(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: ReleaseRequest = arg.read()?;
    arg.write(&request)?;
    let turn = caller.turn()?;
    let (table, user) = (caller.table, caller.user());
    let tasks = match request.target {
        Target::Association(id) => table.release_association(id, request.unused, user)?,
        Target::All if user.is_some() => return Err(EPERM),
        Target::All => table.release_all(request.unused)?,
        target => table.release_process(&process(target)?, user)?,
    };
    drop(turn);
    request.tasks = tasks.try_into()?;
    arg.write(&request)
}

/// Describes an association.
pub(super) fn query(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let table = caller.table;
    let mut request: QueryRequest = arg.read()?;
    let association = find(&caller, request.target)?;

    request.addr_count = write_what_fits(
        request.addrs,
        request.addr_room,
        AddrEntry::SIZE,
        &association.copy_entries()?,
        Bytes::of_prefix,
    )?;

    request.pid_count = write_what_fits(
        request.pids,
        request.pid_room.min(MAX_LIST),
        4,
        &table.members().processes(&association)?,
        |pid| pid.to_ne_bytes(),
    )?;

    request.id = association.id().into();
    request.tasks = association.tasks().try_into()?;
    request.terms = *association.terms();
    request.sockets = association.sockets().try_into()?;
    request.defined = association.is_defined();
    request.granted_to = association.granted_to().map(Uid::number);

    request.leftover_count = write_what_fits(
        request.leftovers,
        request.leftover_room,
        LeftoverEntry::SIZE,
        &table.leftovers(&association)?,
        Bytes::of_leftover,
    )?;
    arg.write(&request)
}

/// Lists the ids of associations.
pub(super) fn list(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: ListRequest = arg.read()?;
    if request.room > MAX_LIST {
        return Err(EINVAL);
    }
    let mut ids = KVec::with_capacity(request.room.try_into()?, GFP_KERNEL)?;
    let user = caller.user();
    let registry = caller.table.registry();
    request.more = registry.ids(request.after, &mut ids, |found| found.is_under(user));
    write_array(request.ids, 8, ids.iter().map(|id: &u64| id.to_ne_bytes()))?;
    request.count = ids.len().try_into()?;
    arg.write(&request)
}

/// The table, for callers with `CAP_NET_ADMIN` in the initial user namespace that are not
/// associated themselves.
///
/// # Errors
///
/// `EPERM` for other callers, `ENODEV` without a table, which outlives the device.
pub(super) fn authorised() -> Result<&'static Tenants> {
    if !capable_net_admin() || table::current().is_some() {
        return Err(EPERM);
    }
    table::get().ok_or(ENODEV)
}

/// Tells the caller the obstacle for which a call was refused, in the structure that `with`
/// makes. Returns the error of the call, or `EFAULT` when the structure cannot be written.
pub(super) fn tell<T: Wire>(
    arg: Argument,
    refused: &Refused,
    with: impl FnOnce(Option<Obstacle>) -> T,
) -> Error {
    let told = match refused.obstacle {
        Some(_) => arg.write(&with(refused.obstacle)),
        None => Ok(()),
    };
    told.err().unwrap_or(refused.error)
}

/// The process that a target names. `EINVAL` for other targets.
pub(super) fn process(target: Target) -> Result<TaskRef> {
    match target {
        Target::PidFd(fd) => TaskRef::by_pidfd(fd),
        Target::Pid(pid) => TaskRef::by_pid(pid),
        _ => Err(EINVAL),
    }
}

/// Whether an association may have the dedicated loopback address that these terms ask for.
///
/// # Errors
///
/// `EINVAL`.
pub(super) fn permit_loopback(terms: &Terms) -> Result {
    match terms.loopback.is_none_or(HostLoopback::is_dedicated) {
        true => Ok(()),
        false => Err(EINVAL),
    }
}

/// The association that a target names, if the caller may know of it.
pub(super) fn find(caller: &Caller, target: Target) -> Result<Arc<Association>> {
    let table = caller.table;
    caller.permit(match target {
        Target::Association(id) => table.registry().by_id(id),
        Target::All => return Err(EINVAL),
        target => table.members().of_process(&process(target)?)?,
    })
}

/// The entries of a set at this address in user space. `EINVAL`, `EFAULT`, `ENOMEM`.
pub(super) fn read_prefixes(from: u64, count: u32) -> Result<KVec<Prefix>> {
    if count == 0 || count > MAX_ADDRS {
        return Err(EINVAL);
    }
    let given: KVec<AddrEntry> = read_array(from, count)?;
    prefixes(&given)
}
