// SPDX-License-Identifier: GPL-2.0

//! Process 0 is put into association 0, which is there: `Tenants::join`. The steps are those of
//! `assign`, with entries that have a mark until all are done.

use addrconf_protocol::{self as protocol, Expel};

use crate::assign::Assigning;
use crate::check::Home;
use crate::entry::{Entry, NO_CALL};
use crate::map::{association, remove_revoked};
use crate::run::{Go, Stop};
use crate::task::wait_for_clones;
use crate::world::{members, Phase, Run, Task, World};

/// The association.
const THERE: u8 = 0;

/// `Tenants::join`. Its last search finds no bypass if it `succeeds`.
pub(crate) fn join(run: &mut Run<'_>, succeeds: bool) -> Go<()> {
    let mark = run.wait("try_take_in, begin_joining", |w| {
        let there = w.association(THERE);
        (!there.taking_in).then(|| {
            there.taking_in = true;
            there.last_mark += 1;
            there.joining = there.last_mark;
            there.joining
        })
    })?;
    let done = join_with(run, mark, succeeds);
    if done == Err(Stop::Paused) {
        return done;
    }
    run.act("end_taking_in", |w| {
        let there = w.association(THERE);
        (there.joining, there.taking_in) = (NO_CALL, false);
        // A child that is being made has still to catch up.
        let stays = |t: &Task| {
            let entry = t.entry.filter(|entry| entry.call == mark);
            t.phase == Phase::Listed && entry.is_some_and(|entry| !w.has_left(entry))
        };
        if done.is_err() && w.tasks.iter().any(stays) {
            w.complain("a task stays that was put there in vain");
        }
    })
}

fn join_with(run: &mut Run<'_>, mark: u8, succeeds: bool) -> Go<()> {
    if association(run, 0)?.is_some() {
        return Err(Stop::Denied);
    }
    let epoch = run.step("stage", |w| w.get(THERE).epoch)?;
    if !run.ask("User::join", |w| w.add_call(THERE))? {
        return Err(Stop::Denied);
    }
    let stage = Entry::marked(THERE, epoch, mark);
    protocol::assign(&mut Assigning::new(run, 0, stage, succeeds))
}

impl Assigning<'_, '_> {
    /// `Assignment::confirm`
    pub(crate) fn confirm(&mut self) -> Go<()> {
        let stage = self.stage;
        if self.run.ask("confirm: has_left", |w| w.has_left(stage))? {
            return Err(Stop::Denied);
        }
        self.run.act("confirm: take_off", |w| {
            for task in &mut w.tasks {
                let entry = task.entry.iter_mut();
                for entry in entry.filter(|entry| entry.call == stage.call) {
                    entry.is_marked = false;
                }
            }
            // Unless it was released between the two.
            let is_in = |task| {
                let at = w.effective(task);
                at.is_some_and(|id| w.is_within(id, stage.id) && !w.is_ended(id))
            };
            let threads = w.which(|t| t.process == 0 && t.phase == Phase::Listed);
            if is_in(0) || members(threads).any(is_in) {
                w.home = Home::In(stage.id);
            }
        })
    }
}

impl Expel for Assigning<'_, '_> {
    type Stop = Stop;

    fn refuse(&mut self, refuse: bool) -> Go<()> {
        let Entry { id, call, .. } = self.stage;
        self.run.act("refuse", |w: &mut World| {
            w.association(id).refused = if refuse { call } else { NO_CALL };
        })
    }

    fn remove_refused(&mut self) -> Go<()> {
        remove_revoked(self.run)
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        wait_for_clones(self.run)
    }
}
