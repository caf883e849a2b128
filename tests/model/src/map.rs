// SPDX-License-Identifier: GPL-2.0

//! `RcuMap`, and the functions of `src/table/members.rs` that use it.
//!
//! An operation on one entry looks it up, and removes or replaces it only if it is still
//! the same one; otherwise it looks again. So a removal takes effect at one moment, and is one
//! step here: what it asks of the entry stays true. Where a test leaves out a part of that, it
//! is two steps, and so is a replacement. The walk does not look again, and is many steps. The model leaves out `occupied`: it is raised before an
//! entry is inserted and lowered after one is removed, so a step that reads zero would
//! find no entry either.

use addrconf_protocol::Width;

use crate::entry::{Entry, NO_CALL};
use crate::run::Go;
use crate::without::Without;
use crate::world::{members, Run, World};

/// The entry of a task, whether or not it counts.
pub(crate) fn look_up(run: &mut Run<'_>, task: u8) -> Go<Option<Entry>> {
    let found = run.find("members.get", |w| w.task(task).entry.map(Entry::pack))?;
    Ok(found.map(Entry::unpack))
}

/// `Forking::place_of`: the entry of a task if it counts, with the mark of a call only if that is
/// in progress. One step for two of the kernel's: the call may end in between.
pub(crate) fn place(run: &mut Run<'_>, task: u8) -> Go<Option<Entry>> {
    let Some(entry) = look_up(run, task)? else {
        return Ok(None);
    };
    let place = run.find("is_revoked", |w| {
        let mark = w.joining(entry);
        let place = Entry::marked(entry.id, entry.epoch, mark);
        (!w.has_left(entry)).then(|| place.pack())
    })?;
    Ok(place.map(Entry::unpack))
}

/// `Members::association`
pub(crate) fn association(run: &mut Run<'_>, task: u8) -> Go<Option<u8>> {
    Ok(place(run, task)?.map(|entry| entry.id))
}

/// `Membership::join`. Returns whether it made a membership.
pub(crate) fn join(run: &mut Run<'_>, entry: Entry) -> Go<bool> {
    run.ask("join", |w| w.join(entry))
}

/// `Members::insert`. `false` stands for `Occupied`.
pub(crate) fn insert(run: &mut Run<'_>, task: u8, entry: Entry) -> Go<bool> {
    run.ask("insert", |w| w.insert(task, entry))
}

/// `Members::remove_if`, for any entry.
pub(crate) fn remove(run: &mut Run<'_>, task: u8) -> Go<bool> {
    remove_if(run, task, |_, _| true)
}

/// `Members::remove_if`: removes the task's entry if it is `wanted`.
pub(crate) fn remove_if(
    run: &mut Run<'_>,
    task: u8,
    wanted: impl Fn(&World, Entry) -> bool,
) -> Go<bool> {
    let looked_at = |w: &mut World| w.task(task).entry.filter(|&entry| wanted(w, entry));
    if run.has(Without::LookingAgain) {
        return run.ask("remove", |w| looked_at(w).is_some() && w.take_out(task));
    }
    let found = run.find("remove: rhashtable_lookup", |w| {
        looked_at(w).map(Entry::pack)
    })?;
    match found {
        Some(entry) => run.ask("remove: rhashtable_remove_fast", |w| {
            is_there(w, task, entry) && w.take_out(task)
        }),
        None => Ok(false),
    }
}

/// Whether the entry of a task is still the one that a program found.
fn is_there(w: &World, task: u8, found: u8) -> bool {
    let entry = w.tasks[usize::from(task)].entry;
    entry.is_some_and(|entry| entry.is(Entry::unpack(found)))
}

/// `RcuMap::replace_if` by one of a part, if the task's entry is of an association that contains the
/// part. `spares`: not if a call is putting the task there.
pub(crate) fn replace_wider(run: &mut Run<'_>, task: u8, entry: Entry, spares: bool) -> Go<bool> {
    let same_epoch = run.has(Without::ComparingEpochs);
    replace(run, task, entry, |w, old| {
        !w.has_left(old)
            && w.is_wider(Some(old.id), Some(entry.id))
            && (!same_epoch || w.was_made_in(entry.id, old))
            && (!spares || w.joining(old) == NO_CALL)
    })
}

/// `RcuMap::replace_if`: replaces the task's entry if it is `wanted`. That it counts may change
/// before it is replaced.
pub(crate) fn replace(
    run: &mut Run<'_>,
    task: u8,
    entry: Entry,
    wanted: impl Fn(&World, Entry) -> bool,
) -> Go<bool> {
    loop {
        let found = run.find("replace_if: rhashtable_lookup", |w| {
            let old = w.task(task).entry;
            old.filter(|&old| wanted(w, old)).map(Entry::pack)
        })?;
        let compares = run.has(Without::Comparing);
        let Some(found) = found else {
            run.act("replace_if: free_later", |w| {
                w.association(entry.id).coming -= 1;
                w.drop_membership(entry.id);
            })?;
            return Ok(false);
        };
        let replaced = run.ask("replace_if: rhashtable_replace_fast", |w| {
            // For those of parts, a check wants to know the call.
            let call = match entry.is_marked || w.get(entry.id).parent.is_none() {
                true => entry.call,
                false => Entry::unpack(found).call,
            };
            let entry = Entry { call, ..entry };
            (is_there(w, task, found) || !compares) && w.replace(task, entry)
        })?;
        if replaced {
            return Ok(true);
        }
    }
}

/// `Members::width`: what a task is in, seen from a part.
pub(crate) fn width(run: &mut Run<'_>, task: u8, part: u8) -> Go<Width> {
    loop {
        let Some(found) = look_up(run, task)? else {
            return Ok(Width::Other);
        };
        let same_epoch = run.has(Without::ComparingEpochs);
        if run.ask("is_wider_than", |w| {
            w.is_wider(Some(found.id), Some(part))
                && (!same_epoch || w.was_made_in(part, found))
                && !w.has_left(found)
        })? {
            return Ok(Width::Wider);
        }
        if !run.has(Without::WaitingForTheMoving) {
            return Ok(Width::Other);
        }
        if run.ask("is_moving", |w| {
            // It may have lost its mark, if it is still there.
            let now = w.task(task).entry.filter(|now| now.is(found));
            w.is_moving(now.unwrap_or(found))
        })? {
            return Ok(Width::Moving);
        }
        let looks = run.has(Without::LookingWhetherItIsTheSame);
        let is_same = run.ask("members.get, again", |w| is_there(w, task, found.pack()))?;
        if is_same || !looks {
            return Ok(Width::Other);
        }
    }
}

/// `Members::remove_revoked`: a walk through the table. The kernel's walk may or may not
/// see entries that are inserted meanwhile. This one sees only those that replace another.
pub(crate) fn remove_revoked(run: &mut Run<'_>) -> Go<()> {
    let seen = run.step("rhashtable_walk_enter", |w| w.which(|t| t.entry.is_some()))?;
    let mut passes_over = false;
    for task in members(seen) {
        if std::mem::take(&mut passes_over) {
            continue;
        }
        let wanted = |w: &mut World| {
            let entry = w.task(task).entry.filter(|&entry| w.has_left(entry));
            entry.map(Entry::pack)
        };
        if let Some(entry) = run.find("rhashtable_walk_next: is_revoked", wanted)? {
            let removed = run.ask("walk: rhashtable_remove_fast", |w| {
                is_there(w, task, entry) && w.take_out(task)
            })?;
            // `rhashtable_walk_start` still counts the removed entry, and skips the next.
            passes_over = removed && !run.has(Without::WalkingAgain);
        }
    }
    Ok(())
}

/// `Members::forget`
pub(crate) fn forget(run: &mut Run<'_>, task: u8) -> Go<()> {
    remove(run, task)?;
    Ok(())
}
