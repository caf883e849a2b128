// SPDX-License-Identifier: GPL-2.0

//! The control calls about grants, as `src/abi/grants.rs` documents them.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::abi::{AddrEntry, GrantQuery, GrantRequest, Wire};
use crate::policy::Uid;
use crate::table::AddressSet;

use super::caller::Caller;
use super::calls::{authorised, read_prefixes};
use super::entries::Bytes;
use super::user::{write_what_fits, Argument};

/// Grants a user a set, or takes its grant back.
pub(super) fn grant(arg: Argument) -> Result {
    let table = authorised()?;
    let request: GrantRequest = arg.read()?;
    let uid = Uid::new(request.uid).ok_or(EINVAL)?;
    let set = match request.addr_count {
        0 => None,
        count => Some(AddressSet::of_entries(read_prefixes(
            request.addrs,
            count,
        )?)?),
    };
    table.grant(uid, set)
}

/// Tells one grant: to a user its own.
pub(super) fn query(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut query: GrantQuery = arg.read()?;
    let grants = caller.table.grants();
    let found = match caller.user() {
        Some(uid) => grants.of(uid).filter(|_| uid.number() >= query.uid),
        None => grants.from(query.uid),
    };
    let entries = found.map_or(&[][..], |grant| grant.entries());
    query.addr_count = write_what_fits(
        query.addrs,
        query.addr_room,
        AddrEntry::SIZE,
        entries,
        Bytes::of_prefix,
    )?;
    query.uid = found.map_or(0, |grant| grant.uid.number());
    query.associations = match found {
        Some(grant) => caller.table.count_own(grant.uid).try_into()?,
        None => 0,
    };
    arg.write(&query)
}
