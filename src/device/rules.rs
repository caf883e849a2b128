// SPDX-License-Identifier: GPL-2.0

//! The control calls about rules, as `src/abi/rules.rs` documents them.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::abi::{RuleEntry, RuleQuery, SetRulesRequest, UserText, MAX_RULES};
use crate::policy;
use crate::sys::file::FileHold;
use crate::table::{Named, NewRule, Rule};

use super::calls::authorised;
use super::user::{read_array, read_bytes, write_bytes, Argument};

/// The longest path of a control group, in bytes.
const MAX_PATH: u32 = 4095;

/// Puts rules in force.
pub(super) fn set(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: SetRulesRequest = arg.read()?;
    if request.count > MAX_RULES {
        return Err(E2BIG);
    }
    let entries: KVec<RuleEntry> = read_array(request.rules, request.count)?;
    let mut rules = KVVec::with_capacity(entries.len(), GFP_KERNEL)?;
    for entry in &entries {
        rules.push(rule(entry)?, GFP_KERNEL)?;
    }
    arg.write(&request)?;
    (request.generation, request.first_id) = table.set_rules(rules, request.generation)?;
    arg.write(&request)
}

/// Tells one rule.
pub(super) fn query(arg: Argument) -> Result {
    let table = authorised()?;
    let mut query: RuleQuery = arg.read()?;
    let list = table.rules();
    query.generation = list.generation;
    query.count = list.len().try_into()?;
    let rule = list.get(query.place.try_into()?);
    query.rule = rule.map(entry).unwrap_or_default();
    let exe = rule.and_then(|rule| rule.names.exe.as_ref());
    let path = exe.map_or(&[][..], |(_, path)| path);
    query.path_len = path.len().try_into()?;
    write_text(query.path, query.path_room, path)?;
    let group = rule.and_then(|rule| rule.names.cgroup.as_deref());
    write_text(query.cgroup, query.path_room, group.unwrap_or_default())?;
    arg.write(&query)
}

/// Writes as much of a text as fits in `room` bytes at the address `to`. `EFAULT`.
fn write_text(to: u64, room: u32, text: &[u8]) -> Result {
    let fits = text.len().min(room.try_into()?);
    write_bytes(to, &text[..fits])
}

/// The rule that an entry asks for.
///
/// # Errors
///
/// `EINVAL` when it names nothing, or is kept and names something; those of the file.
fn rule(entry: &RuleEntry) -> Result<NewRule> {
    let is_kept = entry.id != 0;
    if is_kept != entry.names_nothing() || (is_kept && *entry != RuleEntry::kept(entry.id)) {
        return Err(EINVAL);
    }
    if is_kept {
        return Ok(NewRule::Kept(entry.id));
    }
    let exe = match entry.exe {
        Some(fd) => {
            let file = FileHold::of_descriptor(fd)?;
            Some((file.get().id(), file.get().program_path()?))
        }
        None => None,
    };
    let cgroup = match entry.cgroup {
        Some(text) => Some(group_path(text)?),
        None => None,
    };
    let names = Named {
        exe,
        uid: entry.uid,
        gid: entry.gid,
        cgroup,
    };
    let association = entry.association.try_into().map_err(|_| ENOENT)?;
    Ok(NewRule::New(names, association))
}

/// The path of a control group in user space.
///
/// # Errors
///
/// `EINVAL` when it is none, `EFAULT`, `ENOMEM`.
fn group_path(text: UserText) -> Result<KVVec<u8>> {
    if text.len > MAX_PATH {
        return Err(EINVAL);
    }
    let path = read_bytes(text.at, text.len)?;
    match policy::is_group_path(&path) {
        true => Ok(path),
        false => Err(EINVAL),
    }
}

/// The entry for a rule.
fn entry(rule: &Rule) -> RuleEntry {
    RuleEntry {
        id: rule.id,
        exe: rule.names.exe.as_ref().map(|_| 0),
        uid: rule.names.uid,
        gid: rule.names.gid,
        cgroup: rule.names.cgroup.as_ref().map(|path| UserText {
            at: 0,
            len: path.len() as u32,
        }),
        association: rule.association.into(),
    }
}
