// SPDX-License-Identifier: GPL-2.0

//! `RcuMap`, and the functions of `src/table/members.rs` that use it.
//!
//! An operation on one entry looks it up, and removes or replaces it only if it is still
//! the same one; otherwise it looks again. So it takes effect at one moment, and is one
//! step here. Where a test leaves out a part of that, it is two steps. The walk does not
//! look again, and is many steps. The model leaves out `occupied`: it is raised before an
//! entry is inserted and lowered after one is removed, so a step that reads zero would
//! find no entry either.

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

/// `Membership::join`. Returns whether it made a membership.
pub(crate) fn join(run: &mut Run<'_>, id: u8) -> Go<bool> {
    run.ask("join", |w| w.join(id))
}

/// `Members::insert`. `false` stands for `Occupied`.
pub(crate) fn insert(run: &mut Run<'_>, task: u8, id: u8) -> Go<bool> {
    run.ask("insert", |w| w.insert(task, id))
}

/// `Members::remove_if`, for any entry.
pub(crate) fn remove(run: &mut Run<'_>, task: u8) -> Go<bool> {
    remove_if(run, task, |_, _| true)
}

/// `Members::remove_if`: removes the task's entry if its association is `wanted`.
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

/// `RcuMap::replace_if`: replaces the task's entry by one of part `id`, if it is of an
/// association that contains the part.
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

/// `Members::remove_revoked`: a walk through the table. The kernel's walk may or may not
/// see entries that are inserted meanwhile. This one sees only those that replace another.
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
