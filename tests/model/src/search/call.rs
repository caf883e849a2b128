// SPDX-License-Identifier: GPL-2.0

//! The call: the steps of [`protocol::Search`].

use addrconf_protocol::{self as protocol, Failure};

use super::{Task, Unsearched, World};
use crate::run::{Go, Run, Stop};
use crate::world::{members, Phase};

/// The call.
pub(super) struct Searching<'r, 'a> {
    pub(super) run: &'r mut Run<'a, World>,
}

/// The members that were found, a bit each, and whether unborn children were counted
/// afterwards, which is read only without [`Unsearched::CountingFirst`].
pub(super) struct Found {
    tasks: u8,
    others_come: bool,
}

impl protocol::Search for Searching<'_, '_> {
    type Tasks = Found;
    type Stop = Stop;

    fn has_unborn(&mut self) -> Go<bool> {
        if !self.run.has(Unsearched::CountingFirst) {
            return Ok(false);
        }
        self.run.ask("has_unborn", |w| w.unborn > 0)
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        if self.run.has(Unsearched::Waiting) {
            self.run
                .wait("wait_for_clones", |w| (!w.tasklist).then_some(0))?;
        }
        Ok(())
    }

    fn unsearched(&mut self) -> Go<Found> {
        let is_new = |t: &Task| t.phase == Phase::Listed && !t.searched;
        let tasks = self.run.step("tasks_within", |w| w.which(is_new))?;
        let others_come = !self.run.has(Unsearched::CountingFirst)
            && self.run.ask("has_unborn, afterwards", |w| w.unborn > 0)?;
        Ok(Found { tasks, others_come })
    }

    fn is_empty(found: &Found) -> bool {
        found.tasks == 0 && !found.others_come
    }

    fn look_through(&mut self, found: &Found) -> Go<()> {
        for task in members(found.tasks) {
            if self.run.ask("bypass", |w| w.task(task).holds)? {
                return Err(Stop::Denied);
            }
        }
        Ok(())
    }

    fn mark(&mut self, found: &Found) -> Go<()> {
        members(found.tasks).try_for_each(|task| {
            self.run
                .act("set_searched", |w| w.task(task).searched = true)
        })
    }

    fn go_on(&mut self, _found: &Found) -> Go<()> {
        // Without `Again`, the search ends after one look.
        if !self.run.has(Unsearched::Again) {
            return Err(Failure::Outrun.into());
        }
        self.run.start_over();
        Ok(())
    }

    fn settle(&mut self) -> Go<()> {
        Ok(())
    }
}
