// SPDX-License-Identifier: GPL-2.0

//! The call: the steps of [`protocol::TakeInTree`]. Each process has one thread, which
//! stands for it.

use addrconf_protocol::{Failure, Standing, TakeIn, TakeInTree};

use super::{Phase, Unfollowed, World, TASKS};
use crate::run::{Go, Run, Stop};
use crate::world::members;

/// The call.
pub(super) struct Following<'r, 'a> {
    pub(super) run: &'r mut Run<'a, World>,
    /// Whether the process that the call looked at last is a member.
    pub(super) is_member: bool,
}

impl TakeIn for Following<'_, '_> {
    type Process = u8;
    type Thread = u8;
    type Stop = Stop;

    fn is_over(&mut self) -> Go<bool> {
        Ok(false)
    }

    fn each_thread(
        &mut self,
        process: &u8,
        mut visit: impl FnMut(&mut Self, &u8) -> Go<()>,
    ) -> Go<()> {
        // One step for two of the kernel's. A task that is listed in the first may exit
        // before the second, which is the same as exiting after both.
        let process = *process;
        let found = self.run.step("threads, association", |w| {
            let task = w.task(process);
            u8::from(task.phase == Phase::Listed) | u8::from(task.is_member) << 1
        })?;
        self.is_member = found & 2 != 0;
        if found & 1 != 0 {
            visit(self, &process)?;
        }
        Ok(())
    }

    fn standing(&mut self, _thread: &u8) -> Go<Standing> {
        Ok(if self.is_member {
            Standing::Inside
        } else {
            Standing::Outside
        })
    }

    fn insert(&mut self, thread: &u8) -> Go<bool> {
        self.run.ask("insert", |w| {
            !std::mem::replace(&mut w.task(*thread).is_member, true)
        })
    }

    fn remove_ended(&mut self, _thread: &u8) -> Go<()> {
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        // Each process has one thread, and collecting descendants takes the same lock.
        Ok(())
    }
}

impl TakeInTree for Following<'_, '_> {
    fn each_descendant(&mut self, mut visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        let found = if self.run.has(Unfollowed::OneMoment) {
            self.run.wait("descendants", |w| {
                w.lock.is_none().then(|| w.descendants(None))
            })?
        } else {
            let mut found = 0;
            for parent in 0..TASKS {
                found |= self.run.wait("children", |w| {
                    w.lock.is_none().then(|| w.descendants(Some(parent)))
                })?;
            }
            found
        };
        members(found).try_for_each(|process| visit(self, &process))
    }

    fn is_exited(stop: &Stop) -> bool {
        *stop == Stop::Failed(Failure::Exited)
    }

    fn note(&mut self, _process: &u8) -> Go<()> {
        Ok(())
    }

    fn is_member(&mut self, _process: &u8) -> Go<bool> {
        Ok(self.is_member)
    }

    fn note_exiting(&mut self, process: &u8) -> Go<bool> {
        let bit = 1 << process;
        let is_new = self.run.ask("note_exiting", |w| {
            let is_new = w.exiting & bit == 0;
            w.exiting |= bit;
            is_new
        })?;
        Ok(is_new && self.run.has(Unfollowed::Exiting))
    }

    fn pause(&mut self, _looks: usize) -> Go<()> {
        // Without `Again`, the call ends after one look.
        if !self.run.has(Unfollowed::Again) {
            return Err(Stop::Denied);
        }
        // The call takes in the first process again. It is a member, so nothing changes.
        self.run.start_over();
        Ok(())
    }
}
