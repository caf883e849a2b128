// SPDX-License-Identifier: GPL-2.0

//! A thread of process 0 narrows the process, while other calls run: the steps of
//! [`protocol::Narrow`].

use addrconf_protocol::{self as protocol, Failure, Listing, Narrow, Width};

use crate::entry::{Entry, NO_CALL};
use crate::map::{join, place, remove_if, replace_wider, width};
use crate::run::{Go, Stop};
use crate::task::{each_thread, wait_for_clones};
use crate::without::Without;
use crate::world::{Run, Task, World};

/// `sys_lsm_set_self_attr()`
pub(crate) fn set_self_attr(run: &mut Run<'_>, caller: u8) -> Go<()> {
    if run.has(Without::OneAtATime) {
        run.wait("cred_guard_mutex", |w| {
            (!std::mem::replace(&mut w.guard, true)).then_some(0)
        })?;
    }
    let mut narrowing = SelfNarrowing {
        run,
        caller,
        part: None,
        has_entry: false,
        looks: 0,
    };
    let done = protocol::narrow(&mut narrowing).is_ok();
    let part = narrowing.part.filter(|_| done);
    run.act("(return to user space)", |w| {
        w.guard = false;
        // Unless it was released at this moment.
        if part.is_some_and(|part| w.effective(caller) == Some(part)) {
            w.narrowed = part;
        }
    })
}

struct SelfNarrowing<'r, 'a> {
    run: &'r mut Run<'a>,
    caller: u8,
    part: Option<u8>,
    // A membership was made that is not in the table yet.
    has_entry: bool,
    looks: u8,
}

impl Narrow for SelfNarrowing<'_, '_> {
    // With the epoch of the membership.
    type Association = Entry;
    type Part = u8;
    type Entry = u8;
    type Task = u8;
    type Stop = Stop;

    fn present(&mut self) -> Go<Option<Entry>> {
        place(self.run, self.caller)
    }

    fn make(&mut self, present: &Entry) -> Go<u8> {
        let mut present = *present;
        let keeps_epoch = self.run.has(Without::KeepingTheEpoch);
        let part = self.run.find("PartOf::join, make", |w| {
            if !keeps_epoch {
                present.epoch = w.get(present.id).epoch;
            }
            w.add_user(present.id).then(|| w.make(Some(present)))
        })?;
        self.part = part;
        part.ok_or(Stop::Failed(Failure::NotAMember))
    }

    fn entry(&mut self, part: &u8) -> Go<u8> {
        if !join(self.run, Entry::new(*part, 0))? {
            return Err(Stop::Failed(Failure::NotAMember));
        }
        self.has_entry = true;
        Ok(*part)
    }

    fn list(&mut self, present: &Entry, part: &mut u8) -> Go<Listing> {
        let asks = self.run.has(Without::AskingForTheEnd);
        let asks_whole = self.run.has(Without::AskingTheWhole);
        let asks_part = self.run.has(Without::AskingThePart);
        let waits = self.run.has(Without::WaitingForTheFormed);
        let (present, part, caller) = (present.id, *part, self.caller);
        if self.run.world().has_rule() || self.run.world().moves {
            // Else no call puts anybody into an association that is there.
            let is_moving = self.run.wait("list: is_moving, is_joining", |w| {
                let entry = w.task(caller).entry;
                let is_moving = entry.is_some_and(|entry| w.is_moving(entry));
                let is_joining = entry.is_some_and(|entry| w.joining(entry) != NO_CALL);
                (is_moving || !is_joining).then_some(is_moving.into())
            })?;
            if is_moving != 0 {
                return Err(Stop::Denied);
            }
        }
        let listed = self.run.wait("list_part", |w| {
            let has_ended = match asks_whole {
                true => w.is_ended(if asks_part { part } else { present }),
                false => w.get(present).revoked,
            };
            let is_formed = w.get(w.root(present)).formed;
            match protocol::may_list(asks && has_ended, !waits || is_formed, false) {
                Listing::Ended => Some(0),
                Listing::Later => None,
                Listing::Listed => {
                    w.association(part).listed = true;
                    Some(1)
                }
            }
        })?;
        Ok(if listed == 0 {
            Listing::Ended
        } else {
            Listing::Listed
        })
    }

    fn pause(&mut self) -> Go<()> {
        unreachable!("`list` waits")
    }

    fn caller(&mut self) -> u8 {
        self.caller
    }

    fn each_thread(&mut self, visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        self.looks += 1;
        if self.looks > 1 && !self.run.has(Without::LookAfterNarrowing) {
            return Ok(());
        }
        each_thread(self, 0, |this| &mut *this.run, visit)
    }

    fn width(&mut self, task: &u8, part: &u8) -> Go<Width> {
        match *task == self.caller {
            true => Ok(Width::Other),
            false => width(self.run, *task, *part),
        }
    }

    fn wait(&mut self) -> Go<()> {
        self.run.wait("wait", |w| {
            let is_moving =
                |t: &Task| t.process == 0 && t.entry.is_some_and(|entry| w.is_moving(entry));
            (!w.tasks.iter().any(is_moving)).then_some(0)
        })?;
        Ok(())
    }

    fn replace_wider(&mut self, task: &u8, _part: &u8, entry: u8) -> Go<bool> {
        self.has_entry = false;
        let spares = *task == self.caller && self.run.has(Without::SparingTheJoining);
        replace_wider(self.run, *task, Entry::new(entry, 0), spares)
    }

    fn has_ended(&mut self, part: &u8) -> Go<bool> {
        if !self.run.has(Without::RecheckInNarrow) {
            return Ok(false);
        }
        self.run.ask("part.is_revoked", |w| w.get(*part).revoked)
    }

    fn remove_ended(&mut self, task: &u8) -> Go<()> {
        if self.run.has(Without::RemovingTheEndedOnly) {
            remove_if(self.run, *task, World::has_left)?;
        } else {
            remove_if(self.run, *task, |_, _| true)?;
        }
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        if self.run.has(Without::WaitingInNarrow) {
            wait_for_clones(self.run)?;
        }
        Ok(())
    }

    fn drop_part(&mut self, part: u8) -> Go<()> {
        if self.has_entry {
            self.run.act("drop(entry)", |w| {
                w.association(part).coming -= 1;
                w.drop_membership(part);
            })?;
        }
        self.run.act("drop(first)", |w| w.drop_call(part))
    }
}
