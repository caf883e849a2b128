// SPDX-License-Identifier: GPL-2.0

//! `RcuMap`, and what `src/table/members.rs` makes of it.
//!
//! An operation on one entry looks it up, and takes it out or replaces it only if it
//! is still the one that was looked at; if not it looks again. So it is as if
//! it happened at the moment when it succeeds, and is one step here; without a part
//! of that it is two. The walk does not look again, and is many. `occupied` is not in
//! the model: it is raised before an entry comes and lowered after one goes, so
//! a step that finds it zero would find no entry either.

use crate::run::Go;
use crate::scenario::Without;
use crate::world::{members, Run, World};

/// `Members::association`
pub(crate) fn association(run: &mut Run<'_>, task: u8) -> Go<Option<u8>> {
    let Some(id) = run.find("association: members.get", |w| w.task(task).entry)? else {
        return Ok(None);
    };
    let revoked = run.ask("association: is_revoked", |w| w.revoked(id))?;
    Ok((!revoked).then_some(id))
}

/// `Membership::join`; whether there is one.
pub(crate) fn join(run: &mut Run<'_>, id: u8) -> Go<bool> {
    run.ask("join", |w| w.join(id))
}

/// `Members::insert`; `false` is `Occupied`.
pub(crate) fn insert(run: &mut Run<'_>, task: u8, id: u8) -> Go<bool> {
    run.ask("insert", |w| w.insert(task, id))
}

/// `Members::remove`
pub(crate) fn remove(run: &mut Run<'_>, task: u8) -> Go<bool> {
    remove_if(run, task, |_, _| true)
}

/// `Members::remove_if`: an entry of an association that is `wanted`.
pub(crate) fn remove_if(
    run: &mut Run<'_>,
    task: u8,
    wanted: impl Fn(&World, u8) -> bool,
) -> Go<bool> {
    let looked_at = |w: &mut World| w.task(task).entry.filter(|&id| wanted(w, id));
    if run.has(Without::LookingAgain) {
        return run.ask("remove", |w| looked_at(w).is_some() && w.take_out(task));
    }
    match run.find("remove: rhashtable_lookup", looked_at)? {
        Some(id) => run.ask("remove: rhashtable_remove_fast", |w| {
            w.task(task).entry == Some(id) && w.take_out(task)
        }),
        None => Ok(false),
    }
}

/// `RcuMap::replace_if`, with an entry of `id`, what is a part of what that is a
/// part of.
pub(crate) fn replace_wider(run: &mut Run<'_>, task: u8, id: u8) -> Go<bool> {
    let is_wider = |w: &World| w.is_wider(w.tasks[usize::from(task)].entry, Some(id));
    if run.has(Without::Comparing) {
        return run.ask("replace_if", |w| {
            let wanted = is_wider(w);
            w.replace_if(task, id, wanted)
        });
    }
    let wanted = run.ask("is_wider_than", |w| is_wider(w))?;
    run.ask("replace", |w| w.replace_if(task, id, wanted))
}

/// `Members::remove_revoked`: a walk through the table. Entries that come while it
/// goes on may be seen or not: here they are not, unless in the place of another.
pub(crate) fn remove_revoked(run: &mut Run<'_>) -> Go<()> {
    let seen = run.step("rhashtable_walk_enter", |w| w.which(|t| t.entry.is_some()))?;
    let mut passes_over = false;
    for task in members(seen) {
        if std::mem::take(&mut passes_over) {
            continue;
        }
        let wanted = |w: &mut World| w.task(task).entry.filter(|&id| w.revoked(id));
        if let Some(id) = run.find("rhashtable_walk_next: is_revoked", wanted)? {
            let removed = run.ask("walk: rhashtable_remove_fast", |w| {
                w.task(task).entry == Some(id) && w.take_out(task)
            })?;
            // `rhashtable_walk_start` counts it still.
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
