// SPDX-License-Identifier: GPL-2.0

//! Process 0 is moved to an association that is there: `Tenants::move_to`, and the steps of
//! [`protocol::PutBack`].

use addrconf_protocol::{self as protocol, PutBack, Standing};

use crate::assign::Assigning;
use crate::entry::{Entry, NO_CALL};
use crate::map::{join, look_up, replace};
use crate::run::{Go, Stop};
use crate::task::{visit_held, wait_for_clones};
use crate::without::Without;
use crate::world::{Phase, Run, Task, World};

/// `Tenants::move_to`. Its last search finds no bypass if it `succeeds`.
pub(crate) fn move_to(run: &mut Run<'_>, to: u8, succeeds: bool) -> Go<()> {
    let Some(entry) = look_up(run, 0)? else {
        return Ok(());
    };
    let joined = run.wait("Origin::of: is_settled, User::join", |w| {
        if w.has_left(entry) {
            return Some(0);
        }
        let now = w.tasks[0].entry.filter(|now| now.is(entry));
        w.is_settled(now.unwrap_or(entry))
            .then(|| w.add_call(entry.id).into())
    })?;
    if joined == 0 {
        return Ok(());
    }
    // Without the mark of a call that is over.
    let origin = Entry::new(entry.id, entry.epoch);
    if origin.id != to {
        let done = move_between(run, origin, to, succeeds);
        if done == Err(Stop::Paused) {
            return done;
        }
    }
    run.act("drop(origin)", |w| w.drop_call(origin.id))
}

fn move_between(run: &mut Run<'_>, origin: Entry, to: u8, succeeds: bool) -> Go<()> {
    run.wait("Moving::begin", |w| {
        (!w.control).then(|| {
            let from = w.root(origin.id);
            w.association(from).moves += 1;
            w.association(to).moves += 1;
            0
        })
    })?;
    let mark = run.wait("TakingIn::begin", |w| {
        let there = w.association(to);
        (!there.taking_in).then(|| {
            there.taking_in = true;
            there.last_mark += 1;
            (there.joining, there.moving) = (there.last_mark, true);
            there.joining
        })
    })?;
    let done = take_steps(run, origin, to, mark, succeeds);
    if done == Err(Stop::Paused) {
        return done;
    }
    run.act("end_taking_in", |w| {
        let there = w.association(to);
        (there.joining, there.taking_in) = (NO_CALL, false);
        let stays = |t: &Task| {
            let entry = t.entry.filter(|entry| entry.id == to && entry.call == mark);
            t.phase == Phase::Listed && entry.is_some()
        };
        if done.is_err() && w.tasks.iter().any(stays) {
            w.complain("a task stays that was moved in vain");
        }
    })?;
    run.act("drop(moving)", |w| {
        let from = w.root(origin.id);
        w.association(from).moves -= 1;
        w.association(to).moves -= 1;
    })
}

fn take_steps(run: &mut Run<'_>, origin: Entry, to: u8, mark: u8, succeeds: bool) -> Go<()> {
    let epoch = run.step("stage", |w| w.get(to).epoch)?;
    if !run.ask("User::join", |w| w.add_call(to))? {
        return Err(Stop::Denied);
    }
    let stage = Entry::marked(to, epoch, mark);
    let mut assigning = Assigning::new(run, 0, stage, succeeds);
    assigning.origin = Some(origin);
    protocol::assign(&mut assigning)
}

/// `Origin::has`
pub(crate) fn is_of(w: &World, entry: Entry, origin: Entry) -> bool {
    (entry.id, entry.epoch) == (origin.id, origin.epoch)
        && w.is_settled(entry)
        && !w.has_left(entry)
}

impl Assigning<'_, '_> {
    /// `Assignment::standing_from`
    pub(crate) fn standing_from(&mut self, origin: Entry, thread: u8) -> Go<Standing> {
        let Some(found) = look_up(self.run, thread)? else {
            return Err(Stop::Denied);
        };
        let to = self.stage.id;
        let standing = self.run.step("standing_from", |w| {
            // It may have lost its mark, if it is still there.
            let now = w.task(thread).entry.filter(|now| now.is(found));
            let found = now.unwrap_or(found);
            if is_of(w, found, origin) {
                0
            } else if w.has_left(found) {
                3
            } else {
                1 + u8::from(found.id != to)
            }
        })?;
        match standing {
            0 => Ok(Standing::Outside),
            1 => Ok(Standing::Inside),
            2 => Ok(Standing::Elsewhere),
            _ => Err(Stop::Denied),
        }
    }
}

impl PutBack for Assigning<'_, '_> {
    type Task = u8;
    type Stop = Stop;

    fn each_moved(&mut self, visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        self.put_backs += 1;
        if self.put_backs > 1 && !self.run.has(Without::LookAfterPuttingBack) {
            return Ok(());
        }
        let stage = self.stage;
        let found = self.run.step("each_moved", |w| {
            let found = w.which(|t| {
                let is_moved = t.entry == Some(stage);
                is_moved && matches!(t.phase, Phase::Listed | Phase::Exiting)
            });
            w.hold(found);
            found
        })?;
        visit_held(self, found, |this| &mut *this.run, visit)
    }

    fn put_back(&mut self, task: &u8) -> Go<()> {
        let (stage, Some(origin)) = (self.stage, self.origin) else {
            return Ok(());
        };
        if !join(self.run, origin)? {
            let complaint = "tasks were released from where a task goes back to";
            return self.run.act("(released)", |w| w.complain(complaint));
        }
        replace(self.run, *task, origin, |_, old| old == stage).map(drop)
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        if self.run.has(Without::WaitingInPuttingBack) {
            wait_for_clones(self.run)?;
        }
        Ok(())
    }
}
