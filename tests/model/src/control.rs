// SPDX-License-Identifier: GPL-2.0

//! Control calls, one at a time, as under `Table::control`:
//! `src/table/{assign,narrow,release}.rs`. They are about process 0, whose
//! first thread is task 0.

use crate::check::Promise;
use crate::fork::{association, insert, join, remove};
use crate::run::{Go, Run};
use crate::scenario::Without;
use crate::world::{members, Association, Phase, TASKS};

/// A control call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `Table::assign` of process 0 to a new association.
    Assign,
    /// `Table::narrow` by a thread of process 0.
    Narrow,
    /// `Table::release_process` of process 0.
    ReleaseProcess,
    /// `Table::release_association` of the first one, with its parts.
    ReleaseAssociation,
    /// `Table::release_all`
    ReleaseAll,
}

impl Call {
    pub(crate) fn run(self, run: &mut Run<'_>, without: Option<Without>) -> Go<()> {
        run.act("(a call begins)", |w| w.promise = Promise::Nothing)?;
        let promise = match self {
            Self::Assign => assign(run, without)?,
            Self::Narrow => narrow(run, without)?,
            Self::ReleaseProcess => release_process(run, without)?,
            Self::ReleaseAssociation => release_association(run, without)?,
            Self::ReleaseAll => release_all(run, without)?,
        };
        run.act("(the call returns)", |w| w.promise = promise)
    }
}

/// `Table::assign`; what it promises when it returns.
fn assign(run: &mut Run<'_>, without: Option<Without>) -> Go<Promise> {
    let id = make(run, None)?;
    let done = take_in(run, without, id)?;
    if !done {
        end(run, without, id)?;
    }
    run.act("drop(first)", |w| {
        w.association(id).first = false;
        w.remove_user(id);
    })?;
    Ok(if done {
        Promise::In(id)
    } else {
        Promise::Nothing
    })
}

/// `Table::make`, with its first user.
fn make(run: &mut Run<'_>, parent: Option<u8>) -> Go<u8> {
    run.step("make", |w| {
        let id = w.associations.iter().position(|a| !a.made);
        let id = id.expect("enough associations for the calls") as u8;
        if let Some(parent) = parent {
            w.association(parent).parting = false;
        }
        *w.association(id) = Association {
            made: true,
            users: 1,
            first: true,
            parent,
            ..Default::default()
        };
        id
    })
}

/// `task::wait_for_clones`
fn wait_for_clones(run: &mut Run<'_>, without: Option<Without>) -> Go<()> {
    if without != Some(Without::WaitingForClones) {
        run.wait("wait_for_clones", |w| (!w.tasklist).then_some(0))?;
    }
    Ok(())
}

/// `TaskRef::threads` of process 0: a look under RCU, which sees all that were
/// on the list before and takes a reference to each.
fn threads(run: &mut Run<'_>) -> Go<u8> {
    run.step("threads", |w| {
        let found = w.which(|t| t.process == 0 && t.phase == Phase::Listed);
        members(found).for_each(|t| w.task(t).held += 1);
        found
    })
}

fn let_go(run: &mut Run<'_>, tasks: u8) -> Go<()> {
    run.act("(references)", |w| {
        members(tasks).for_each(|t| w.task(t).held -= 1)
    })
}

/// `Table::take_in`; whether the process is in.
fn take_in(run: &mut Run<'_>, without: Option<Without>, id: u8) -> Go<bool> {
    let mut found_any = false;
    loop {
        let mut added = false;
        let found = threads(run)?;
        found_any |= found != 0;
        for thread in members(found) {
            match association(run, thread)? {
                Some(other) if other != id => {
                    let_go(run, found)?;
                    return Ok(false);
                }
                Some(_) => continue,
                None => {}
            }
            added = true;
            if !join(run, id)? {
                run.act("(ESRCH)", |w| {
                    w.complain("an association ends as it is made")
                })?;
            } else if !insert(run, thread, id)? && association(run, thread)?.is_none() {
                remove(run, thread)?;
            }
        }
        let_go(run, found)?;
        if !found_any || !added {
            return Ok(found_any);
        }
        if without == Some(Without::SecondLook) {
            return Ok(true);
        }
        wait_for_clones(run, without)?;
    }
}

/// `Table::narrow` by a thread of process 0 that does nothing else meanwhile.
fn narrow(run: &mut Run<'_>, without: Option<Without>) -> Go<Promise> {
    let caller = run.step("(lsm_set_self_attr)", |w| {
        // Chosen where the call begins: see `Scenario::call`.
        let caller = w.which(|t| t.calling).trailing_zeros() as u8;
        if usize::from(caller) >= TASKS {
            w.complain("nobody calls");
        }
        caller
    })?;
    let promise = narrow_by(run, without, caller)?;
    run.act("(return to user space)", |w| w.task(caller).calling = false)?;
    Ok(promise)
}

fn narrow_by(run: &mut Run<'_>, without: Option<Without>, caller: u8) -> Go<Promise> {
    let Some(present) = association(run, caller)? else {
        return Ok(Promise::Nothing);
    };
    let joined = run.ask("User::join", |w| {
        let parent = w.association(present);
        let any = parent.users > 0;
        parent.users += u8::from(any);
        parent.parting = any;
        any
    })?;
    if !joined {
        return Ok(Promise::Nothing);
    }
    let id = make(run, Some(present))?;
    move_over(run, without, id)?;
    run.act("drop(first)", |w| {
        w.association(id).first = false;
        w.remove_user(id);
    })?;
    Ok(Promise::In(id))
}

/// `Table::move_over`
fn move_over(run: &mut Run<'_>, without: Option<Without>, id: u8) -> Go<()> {
    loop {
        let mut moved = false;
        let found = threads(run)?;
        for thread in members(found) {
            if run.ask("is_member", |w| w.task(thread).entry == Some(id))? {
                continue;
            }
            if join(run, id)? {
                moved |= run.ask("members.replace", |w| w.replace(thread, id))?;
            }
        }
        let_go(run, found)?;
        if !moved || without == Some(Without::SecondLook) {
            return Ok(());
        }
        wait_for_clones(run, without)?;
    }
}

/// `task::each`: a walk under RCU, which keeps what it sees. Those who come
/// while it goes on may be seen or not: here they are not.
fn each(run: &mut Run<'_>, mut visit: impl FnMut(&mut Run<'_>, u8) -> Go<bool>) -> Go<u8> {
    let seen = run.step("each", |w| {
        let seen = w.which(|t| matches!(t.phase, Phase::Listed | Phase::Exiting));
        members(seen).for_each(|t| w.task(t).held += 1);
        seen
    })?;
    let mut removed = 0;
    for task in members(seen) {
        removed += u8::from(visit(run, task)?);
    }
    let_go(run, seen)?;
    Ok(removed)
}

/// Walks until a walk removes nobody.
fn remove_each(
    run: &mut Run<'_>,
    without: Option<Without>,
    before: bool,
    wanted: impl Fn(&mut Run<'_>, u8) -> Go<bool>,
) -> Go<()> {
    // One that was removed before counts: its clones are waited for as well.
    let mut removed = u8::from(before);
    loop {
        removed += each(run, |run, t| Ok(wanted(run, t)? && remove(run, t)?))?;
        if removed == 0 || without == Some(Without::SecondLook) {
            return Ok(());
        }
        removed = 0;
        wait_for_clones(run, without)?;
    }
}

/// `Table::release_process`
fn release_process(run: &mut Run<'_>, without: Option<Without>) -> Go<Promise> {
    // The caller's reference to the process keeps its first thread.
    let there = run.ask("by_pid", |w| {
        let there = !matches!(w.task(0).phase, Phase::Unlisted | Phase::Gone);
        w.task(0).held += u8::from(there);
        there
    })?;
    if !there {
        return Ok(Promise::Nothing);
    }
    let first = remove(run, 0)? && without != Some(Without::CountingTheFirst);
    remove_each(run, without, first, |run, task| {
        run.ask("is_thread_of", |w| w.task(task).process == 0)
    })?;
    let_go(run, 1)?;
    Ok(Promise::Out)
}

/// `Table::end`
fn end(run: &mut Run<'_>, without: Option<Without>, id: u8) -> Go<()> {
    revoke(run, without, id)?;
    remove_each(run, without, false, |run, task| {
        run.ask("is_member", |w| w.task(task).entry == Some(id))
    })
}

/// `Association::revoke`
fn revoke(run: &mut Run<'_>, without: Option<Without>, id: u8) -> Go<()> {
    if without != Some(Without::Revoking) {
        run.act("revoke", |w| w.association(id).revoked = true)?;
    }
    Ok(())
}

/// `Table::release_association` of association 0.
fn release_association(run: &mut Run<'_>, without: Option<Without>) -> Go<Promise> {
    // `by_id`, `revoke_within`: who is listed, and no part is made meanwhile.
    let parts = run.step("by_id", |w| {
        let part = |a: &Association| a.made && a.buried == 0;
        let listed = w.associations.iter().enumerate().filter(|(_, a)| part(a));
        let within = listed.filter(|(i, a)| *i == 0 || a.parent.is_some());
        within.fold(0, |all, (i, _)| all | (1 << i))
    })?;
    if parts & 1 == 0 {
        return Ok(Promise::Nothing);
    }
    for id in members(parts) {
        revoke(run, without, id)?;
    }
    remove_each(run, without, false, |run, task| {
        let within = |a: u8| parts & (1 << a) != 0;
        run.ask("is_within", |w| w.task(task).entry.is_some_and(within))
    })?;
    Ok(Promise::Ended(parts))
}

/// `Table::release_all`
fn release_all(run: &mut Run<'_>, without: Option<Without>) -> Go<Promise> {
    let all = run.step("revoke_all", |w| {
        let there = w.associations.iter_mut().enumerate();
        there.filter(|(_, a)| a.made).fold(0, |all, (i, a)| {
            a.revoked = true;
            all | (1 << i)
        })
    })?;
    remove_each(run, without, false, |_, _| Ok(true))?;
    Ok(Promise::Ended(all))
}
