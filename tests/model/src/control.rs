// SPDX-License-Identifier: GPL-2.0

//! Control calls: `src/table/{assign,take_in,release,registry}.rs`. They are about
//! process 0, whose first thread is task 0.

use crate::check::{Home, OTHER};
use crate::map::{association, insert, join, remove_if, remove_revoked};
use crate::run::{Go, Run};
use crate::scenario::Without;
use crate::task::{each, let_go, threads, wait_for_clones};
use crate::world::{members, Phase, World};

/// A control call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `Table::assign` of process 0 to a new association.
    Assign,
    /// The same, where afterwards a way out is found.
    AssignInVain,
    /// `Table::release_process` of process 0.
    ReleaseProcess,
    /// `Table::release_association` of the first one, with its parts.
    ReleaseAssociation,
    /// `Table::release_all`
    ReleaseAll,
}

impl Call {
    pub(crate) fn run(self, run: &mut Run<'_>) -> Go<()> {
        match self {
            Self::Assign => assign(run, true),
            Self::AssignInVain => assign(run, false),
            Self::ReleaseProcess => release_process(run),
            Self::ReleaseAssociation => release_association(run),
            Self::ReleaseAll => release_all(run),
        }
    }
}

/// The lock of control calls is taken, and a first look.
fn lock(run: &mut Run<'_>, look: impl FnOnce(&mut World) -> bool) -> Go<bool> {
    let found = run.wait("control.lock", |w| {
        (!std::mem::replace(&mut w.control, true)).then(|| look(w).into())
    })?;
    Ok(found != 0)
}

/// `Table::assign`, which in the end `succeeds` if everybody can be taken in.
fn assign(run: &mut Run<'_>, succeeds: bool) -> Go<()> {
    let id = run.step("make", |w| w.make(None))?;
    let done = take_in(run, id)?;
    if done {
        run.wait("publish: set_formed", |w| {
            (!w.control).then(|| {
                w.association(id).listed = true;
                w.association(id).formed = true;
                w.home = Home::In(id);
                0
            })
        })?;
    }
    if !done {
        end(run, id)?;
    }
    run.act("drop(first)", |w| w.drop_first(id))?;
    if done && !succeeds {
        end(run, id)?;
    }
    Ok(())
}

/// `Table::take_in`; whether the process is in.
fn take_in(run: &mut Run<'_>, id: u8) -> Go<bool> {
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
            } else if !insert(run, thread, id)? {
                // It inherited this moment, or is still down for what was ended.
                if run.has(Without::RemovingTheEndedOnly) {
                    remove_if(run, thread, World::revoked)?;
                } else if association(run, thread)?.is_none() {
                    remove_if(run, thread, |_, _| true)?;
                }
            }
        }
        let_go(run, found)?;
        if !found_any || !added {
            return Ok(found_any);
        }
        if !run.has(Without::SecondLook) {
            return Ok(true);
        }
        if run.has(Without::WaitingInAssign) {
            wait_for_clones(run)?;
        }
    }
}

/// `Table::end` of one whose `assign` fails: nobody else waits for it.
fn end(run: &mut Run<'_>, id: u8) -> Go<()> {
    revoke_within(run, id)?;
    remove_revoked(run)?;
    run.act("(it has ended)", |w| w.note_ended(id))
}

/// `Table::revoke_within`
fn revoke_within(run: &mut Run<'_>, id: u8) -> Go<()> {
    run.act("revoke_within: revoke", |w| {
        w.association(id).revoked = true;
        if w.home == Home::In(id) {
            w.home = Home::Leaving(id);
        }
    })?;
    each_listed(run, |w, other| w.is_within(other, id))
}

/// `Table::each_listed`, to revoke those that are `wanted`. The lock is let go of
/// between any two. Those that are listed meanwhile may be seen or not, as an id may
/// be a lower one: here they are not.
fn each_listed(run: &mut Run<'_>, wanted: impl Fn(&World, u8) -> bool) -> Go<()> {
    let listed = run.step("each_listed", |w| {
        w.which_associations(|id, a| a.listed && !a.revoked && wanted(w, id))
    })?;
    for id in members(listed) {
        run.act("each_listed: revoke", |w| w.association(id).revoked = true)?;
    }
    Ok(())
}

/// `Table::release_process`
fn release_process(run: &mut Run<'_>) -> Go<()> {
    // The caller's reference to the process keeps its first thread.
    let there = run.ask("by_pid", |w| {
        let there = !matches!(w.task(0).phase, Phase::Unlisted | Phase::Gone);
        w.hold(u8::from(there));
        there
    })?;
    if !there {
        return Ok(());
    }
    lock(run, |_| true)?;
    if of_process(run)? {
        remove_each(run)?;
        run.act("control.unlock", |w| {
            w.control = false;
            w.releasing = false;
            w.leave_home(OTHER);
        })?;
    } else {
        run.act("control.unlock", |w| {
            w.control = false;
            if matches!(w.home, Home::In(_)) && w.task(0).phase == Phase::Listed {
                w.complain("a task of the association is not found");
            }
        })?;
    }
    let_go(run, 1)
}

/// `Table::of_process`: whether it is in an association that others see.
fn of_process(run: &mut Run<'_>) -> Go<bool> {
    if is_formed(run, 0)? {
        return Ok(true);
    }
    let found = threads(run)?;
    for thread in members(found & !1) {
        if is_formed(run, thread)? {
            let_go(run, found)?;
            return Ok(true);
        }
    }
    let_go(run, found)?;
    Ok(false)
}

fn is_formed(run: &mut Run<'_>, thread: u8) -> Go<bool> {
    let Some(id) = run.find("of_process: members.get", |w| w.task(thread).entry)? else {
        return Ok(false);
    };
    run.ask("of_process: is_formed", |w| {
        let found = !w.revoked(id) && w.is_formed(id);
        if found {
            w.releasing = true;
            w.home = Home::Leaving(OTHER);
        }
        found
    })
}

/// `Table::remove_each`, for the threads of process 0: what is being made for them
/// is not released, and nothing is formed meanwhile.
fn remove_each(run: &mut Run<'_>) -> Go<()> {
    let wanted = if run.has(Without::SparingTheUnformed) {
        World::is_formed
    } else {
        |_: &World, _| true
    };
    // The first thread may have exited while others go on.
    let first = remove_if(run, 0, wanted)?;
    // It counts: its clones are waited for as well.
    let mut removed = first && run.has(Without::CountingTheFirst);
    loop {
        let seen = each(run)?;
        for task in members(seen) {
            removed |= remove_if(run, task, wanted)?;
        }
        let_go(run, seen)?;
        if !removed || !run.has(Without::LookAfterRelease) {
            return Ok(());
        }
        removed = false;
        if run.has(Without::WaitingInRelease) {
            wait_for_clones(run)?;
        }
    }
}

/// `Table::release_association` of association 0.
fn release_association(run: &mut Run<'_>) -> Go<()> {
    // `by_id`
    if !lock(run, |w| w.association(0).listed)? {
        return run.act("control.unlock", |w| w.control = false);
    }
    revoke_within(run, 0)?;
    remove_revoked(run)?;
    run.act("control.unlock", |w| {
        w.control = false;
        w.note_ended(0);
    })
}

/// `Table::release_all`
fn release_all(run: &mut Run<'_>) -> Go<()> {
    lock(run, |w| {
        w.home = Home::Leaving(OTHER);
        true
    })?;
    // The second time for parts that were listed during the first, before what they
    // are parts of was ended.
    each_listed(run, |_, _| true)?;
    if run.has(Without::RevokingTwice) {
        each_listed(run, |_, _| true)?;
    }
    remove_revoked(run)?;
    run.act("control.unlock", |w| {
        w.control = false;
        members(w.which_associations(|_, a| a.formed)).for_each(|id| w.note_ended(id));
        w.leave_home(OTHER);
    })
}
