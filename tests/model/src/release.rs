// SPDX-License-Identifier: GPL-2.0

//! Process 0 is released, or associations end: the steps of
//! [`protocol::ReleaseProcess`] and [`protocol::Release`].

use addrconf_protocol::{self as protocol, Failure, Release, ReleaseProcess};

use crate::check::{Home, OTHER};
use crate::entry::Entry;
use crate::map::{look_up, remove_if, remove_revoked};
use crate::run::{Go, Stop};
use crate::task::{each, let_go, threads, wait_for_clones};
use crate::without::Without;
use crate::world::{members, Phase, Run, World};

/// Takes the control lock when no call moves tasks, as far as `is_moving` tells, and looks at the
/// world in the same step.
fn lock(
    run: &mut Run<'_>,
    is_moving: impl FnOnce(&World) -> bool,
    look: impl FnOnce(&mut World) -> bool,
) -> Go<bool> {
    let waits = run.has(Without::WaitingForMoves);
    let found = run.wait("control_between_moves", |w| {
        let is_busy = w.control || (waits && is_moving(w));
        (!is_busy).then(|| {
            w.control = true;
            w.begin_release();
            look(w).into()
        })
    })?;
    Ok(found != 0)
}

/// Gives the control lock back, and looks at the world in the same step.
fn unlock(run: &mut Run<'_>, look: impl FnOnce(&mut World)) -> Go<()> {
    run.act("control.unlock", |w| {
        w.control = false;
        w.end_release();
        look(w);
    })
}

/// `Tenants::release_process`
pub(crate) fn release_process(run: &mut Run<'_>) -> Go<()> {
    // The caller's reference to the process keeps the `task_struct` of its first thread.
    let there = run.ask("by_pid", |w| {
        let there = !matches!(w.task(0).phase, Phase::Unlisted | Phase::Gone);
        w.hold(u8::from(there));
        there
    })?;
    if !there {
        return Ok(());
    }
    let is_moving = |w: &World| {
        let entry = w.tasks[0].entry;
        entry.is_some_and(|entry| w.has_moves(entry.id))
    };
    lock(run, is_moving, |_| true)?;
    let mut releasing = Releasing { run, looks: 0 };
    let was_member = match protocol::release_process(&mut releasing) {
        Err(Stop::Failed(Failure::NotAMember)) => false,
        done => done.map(|_| true)?,
    };
    unlock(run, |w| {
        if was_member {
            w.releasing = false;
            w.narrowed = None;
            w.leave_home(OTHER);
        } else if matches!(w.home, Home::In(_)) && w.task(0).phase == Phase::Listed {
            w.complain("a task of the association is not found");
        }
    })?;
    let_go(run, 1)
}

/// `Members::of_process`. Returns whether process 0 is in an association that is formed.
fn of_process(run: &mut Run<'_>) -> Go<bool> {
    if is_formed(run, 0)? {
        return Ok(true);
    }
    let found = threads(run, 0)?;
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
    let Some(entry) = look_up(run, thread)? else {
        return Ok(false);
    };
    run.ask("of_process: is_formed", |w| {
        let found = !w.has_left(entry) && w.is_formed(entry);
        if found {
            w.releasing = true;
            w.home = Home::Leaving(OTHER);
        }
        found
    })
}

/// `Tenants::release_association` of association 0.
pub(crate) fn release_association(run: &mut Run<'_>) -> Go<()> {
    // `by_id`
    if !lock(run, |w| w.has_moves(0), |w| w.association(0).listed)? {
        return unlock(run, |_| ());
    }
    protocol::release_association(&mut Ending::new(run), &0)?;
    unlock(run, |w| w.note_ended(0))
}

/// `Tenants::release_all`
pub(crate) fn release_all(run: &mut Run<'_>) -> Go<()> {
    let is_moving = |w: &World| w.associations.iter().any(|a| a.listed && a.moves > 0);
    lock(run, is_moving, |w| {
        w.home = Home::Leaving(OTHER);
        true
    })?;
    protocol::release_all(&mut Ending::new(run))?;
    unlock(run, |w| {
        members(w.which_associations(|_, a| a.formed)).for_each(|id| w.note_ended(id));
        w.leave_home(OTHER);
    })
}

struct Releasing<'r, 'a> {
    run: &'r mut Run<'a>,
    looks: u8,
}

impl Releasing<'_, '_> {
    /// Decides which entries are removed.
    fn is_meant(&self) -> fn(&World, Entry) -> bool {
        if self.run.has(Without::SparingTheUnformed) {
            World::is_formed
        } else {
            |_, _| true
        }
    }
}

impl ReleaseProcess for Releasing<'_, '_> {
    type Thread = u8;
    type Stop = Stop;

    fn is_member(&mut self) -> Go<bool> {
        of_process(self.run)
    }

    fn remove_first(&mut self) -> Go<bool> {
        let removed = remove_if(self.run, 0, self.is_meant())?;
        Ok(removed && self.run.has(Without::CountingTheFirst))
    }

    fn each_thread(&mut self, mut visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        self.looks += 1;
        if self.looks > 1 && !self.run.has(Without::LookAfterRelease) {
            return Ok(());
        }
        let seen = each(self.run)?;
        let done = members(seen).try_for_each(|task| visit(self, &task));
        let_go(self.run, seen)?;
        done
    }

    fn remove_formed(&mut self, thread: &u8) -> Go<bool> {
        let is_meant = self.is_meant();
        remove_if(self.run, *thread, is_meant)
    }

    fn is_over(&mut self) -> Go<bool> {
        Ok(false)
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        if self.run.has(Without::WaitingInRelease) {
            wait_for_clones(self.run)?;
        }
        Ok(())
    }
}

/// A call that ends associations.
pub(crate) struct Ending<'r, 'a> {
    run: &'r mut Run<'a>,
}

impl<'r, 'a> Ending<'r, 'a> {
    pub(crate) fn new(run: &'r mut Run<'a>) -> Self {
        Self { run }
    }
}

impl Release for Ending<'_, '_> {
    type Association = u8;
    type Stop = Stop;

    fn revoke_within(&mut self, association: &u8) -> Go<()> {
        let id = *association;
        self.run.act("revoke_within: revoke", |w| {
            w.revoke(id);
            if w.home == Home::In(id) {
                w.home = Home::Leaving(id);
            }
        })?;
        let spares = self.run.has(Without::SparingTheNew);
        each_listed(self.run, false, |w, other| match spares {
            true => w.is_ended(other),
            false => w.is_within(other, id),
        })
    }

    fn revoke_all(&mut self) -> Go<()> {
        each_listed(self.run, true, |_, _| true)
    }

    fn revoke_ended(&mut self) -> Go<()> {
        if !self.run.has(Without::RevokingTwice) {
            return Ok(());
        }
        let spares = self.run.has(Without::SparingTheNew);
        each_listed(self.run, !spares, |w, id| !spares || w.is_ended(id))
    }

    fn remove_revoked(&mut self) -> Go<usize> {
        remove_revoked(self.run)?;
        // No check of the model uses their number.
        Ok(0)
    }
}

/// `Registry::each`: revokes those that are `wanted`. The kernel drops the lock
/// between any two. It may or may not see associations that are listed meanwhile, as
/// their ids may be lower. This sees none of them.
fn each_listed(run: &mut Run<'_>, undefines: bool, wanted: impl Fn(&World, u8) -> bool) -> Go<()> {
    let listed = run.step("each_listed", |w| {
        w.which_associations(|id, a| a.listed && !a.revoked && wanted(w, id))
    })?;
    for id in members(listed) {
        // The only one that can be defined.
        if undefines && id == 0 && run.world().has_rule() {
            run.act("each_listed: undefine", |w| w.undefine(id))?;
        }
        run.act("each_listed: revoke", |w| w.revoke(id))?;
    }
    Ok(())
}
