// SPDX-License-Identifier: GPL-2.0

//! The control calls about associations that have a name, as `src/abi/define.rs` documents them.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::abi::{DefineRequest, FindRequest, JoinRequest, UndefineRequest};
use crate::table::{AddressSet, Whom};

use super::caller::{Caller, Proof};
use super::calls::{authorised, permit_loopback, process, read_prefixes, tell};
use super::user::Argument;

/// Defines an association.
pub(super) fn define(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: DefineRequest = arg.read()?;
    let set = AddressSet::of_entries(read_prefixes(request.addrs, request.addr_count)?)?;
    permit_loopback(&request.terms)?;
    // A caller whose memory cannot be written learns that before the call takes effect.
    arg.write(&request)?;
    let association = table.define(request.terms, set)?;
    request.id = association.id().into();
    request.terms = *association.terms();
    arg.write(&request)
}

/// Makes an association end with its last task and socket.
pub(super) fn undefine(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: UndefineRequest = arg.read()?;
    arg.write(&request)?;
    request.tasks = table.undefine(request.id)?.try_into()?;
    arg.write(&request)
}

/// Finds an association by its name.
pub(super) fn find(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: FindRequest = arg.read()?;
    let found = table.registry().by_name(&request.name).ok_or(ENOENT)?;
    request.id = found.id().into();
    arg.write(&request)
}

/// Puts a process into an association that is there, from none or from another.
pub(super) fn join(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: JoinRequest = arg.read()?;
    request.obstacle = None;
    if caller.user().is_some() && (request.tree || request.moves) {
        return Err(EPERM);
    }
    let proof = Proof::of(request.proof)?;
    let process = process(request.target)?;
    let association = caller.permit(caller.table.registry().by_id(request.id))?;
    arg.write(&request)?;
    let turn = caller.turn()?;
    let whom = Whom {
        process: &process,
        tree: request.tree,
        reset: request.reset,
        own: caller.own(&turn, &proof),
    };
    let done = match request.moves {
        true => caller.table.move_to(&whom, &association),
        false => caller.table.join(&whom, &association),
    };
    done.map_err(|refused| {
        tell(arg, &refused, |obstacle| JoinRequest {
            obstacle,
            ..request
        })
    })
}
