// SPDX-License-Identifier: GPL-2.0

//! `src/table/narrow.rs`: a thread of process 0 narrows it, beside any other call.

use crate::map::{association, join, remove_if, replace_wider};
use crate::run::{Go, Run};
use crate::scenario::Without;
use crate::task::{let_go, threads, wait_for_clones};
use crate::world::{members, World};

/// `sys_lsm_set_self_attr()`
pub(crate) fn set_self_attr(run: &mut Run<'_>, caller: u8) -> Go<()> {
    if run.has(Without::OneAtATime) {
        run.wait("cred_guard_mutex", |w| {
            (!std::mem::replace(&mut w.guard, true)).then_some(0)
        })?;
    }
    let part = narrow(run, caller)?;
    run.act("(return to user space)", |w| {
        w.guard = false;
        if part.is_some() {
            w.narrowed = part;
        }
    })
}

/// `Table::narrow`; the part, if it succeeds.
fn narrow(run: &mut Run<'_>, caller: u8) -> Go<Option<u8>> {
    let Some(present) = association(run, caller)? else {
        return Ok(None);
    };
    // Nobody else knows it yet.
    let part = run.find("PartOf::join, make, entry_in", |w| {
        w.add_user(present).then(|| {
            let part = w.make(Some(present));
            w.join(part);
            part
        })
    })?;
    let Some(part) = part else {
        return Ok(None);
    };
    let mut done = list_part(run, present, part)?;
    if done {
        done = move_into(run, caller, part)? && move_over(run, part)?;
    } else {
        run.act("drop(caller)", |w| {
            w.association(part).joining -= 1;
            w.drop_membership(part);
        })?;
    }
    run.act("drop(first)", |w| w.drop_first(part))?;
    Ok(done.then_some(part))
}

/// `Table::list_part`, which looks again until what is made from outside is
/// formed. The registry is locked.
fn list_part(run: &mut Run<'_>, present: u8, part: u8) -> Go<bool> {
    let asks = run.has(Without::AskingForTheEnd);
    let asks_whole = run.has(Without::AskingTheWhole);
    let waits = run.has(Without::WaitingForTheFormed);
    let listed = run.wait("list_part", |w| {
        let ended = if asks_whole {
            w.up(present).any(|id| w.revoked(id))
        } else {
            w.revoked(present)
        };
        if asks && ended {
            return Some(0);
        }
        (w.is_formed(present) || !waits).then(|| {
            w.association(part).listed = true;
            1
        })
    })?;
    Ok(listed != 0)
}

/// `Table::move_over`; whether the part has not ended meanwhile.
fn move_over(run: &mut Run<'_>, part: u8) -> Go<bool> {
    loop {
        let mut moved = false;
        let found = threads(run)?;
        for thread in members(found) {
            let is_wider = |w: &mut World| {
                let entry = w.task(thread).entry;
                w.is_wider(entry, Some(part))
            };
            if !run.ask("is_wider_than", is_wider)? {
                continue;
            }
            if !join(run, part)? {
                let_go(run, found)?;
                return Ok(false);
            }
            moved |= move_into(run, thread, part)?;
        }
        let_go(run, found)?;
        if !moved || !run.has(Without::LookAfterNarrowing) {
            return Ok(true);
        }
        if run.has(Without::WaitingInNarrow) {
            wait_for_clones(run)?;
        }
    }
}

/// `Table::move_into`, with a membership that was made before.
fn move_into(run: &mut Run<'_>, task: u8, part: u8) -> Go<bool> {
    if !replace_wider(run, task, part)? {
        return Ok(false);
    }
    if run.has(Without::RecheckInNarrow) && run.ask("part.is_revoked", |w| w.revoked(part))? {
        if run.has(Without::RemovingTheEndedOnly) {
            remove_if(run, task, World::revoked)?;
        } else {
            remove_if(run, task, |_, _| true)?;
        }
    }
    Ok(true)
}
