// SPDX-License-Identifier: GPL-2.0

//! A task is made a member of one association after another, and released in between,
//! while its calls tell the gate of which it is one: the steps of
//! [`protocol::FindMember`] and [`protocol::ChangeMember`].

use addrconf_protocol::{self as protocol, ChangeMember, FindMember};

use crate::explore::{Model, Step, Steps};
use crate::run::{go_on, Go, Run, Shared};

/// The actors.
const TASK: usize = 0;
const OTHERS: usize = 1;

/// A part of the code that a test leaves out, to show that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The gate is told only if it still knows the same: `atomic64_cmpxchg()`.
    Comparing,
    /// A call that changes the membership makes the gate forget.
    Forgetting,
    /// The membership is changed before the gate forgets.
    ChangingFirst,
    /// What the gate knows is read before the look-up.
    ReadingFirst,
}

/// A task whose membership changes.
#[derive(Clone, Debug)]
pub struct Known {
    /// How often it is made a member of another association.
    pub changes: u8,
    /// The part of the code that is left out.
    pub without: Option<Unknown>,
}

/// The state that the task and the others share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    /// The association of its entry in the table.
    entry: Option<u8>,
    /// How often the gate was made to forget, and what it knows now.
    forgotten: u8,
    member: Option<u8>,
    /// The association that a change puts in the table.
    next: u8,
}

impl Shared for World {
    type Part = Unknown;
}

/// The whole state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    world: World,
    /// The histories of the task's call and of the change under way.
    histories: [Vec<u8>; 2],
    /// How many changes have been made.
    changes: u8,
}

struct Calling<'r, 'a>(&'r mut Run<'a, World>);

impl FindMember for Calling<'_, '_> {
    type Known = u8;
    type Association = u8;
    type Stop = crate::run::Stop;

    fn known(&mut self) -> Go<u8> {
        if !self.0.has(Unknown::ReadingFirst) {
            return Ok(0);
        }
        self.0.step("acf_gate_member", |w| w.forgotten)
    }

    fn look_up(&mut self) -> Go<Option<u8>> {
        self.0.find("members.association", |w| w.entry)
    }

    fn tell(&mut self, known: u8, found: &u8) -> Go<()> {
        let known = match self.0.has(Unknown::ReadingFirst) {
            true => known,
            false => self.0.step("acf_gate_member", |w| w.forgotten)?,
        };
        let compares = self.0.has(Unknown::Comparing);
        self.0.act("acf_gate_set_member", |w| {
            if !compares || w.forgotten == known {
                w.member = Some(*found);
            }
        })
    }
}

struct Changing<'r, 'a>(&'r mut Run<'a, World>);

impl ChangeMember for Changing<'_, '_> {
    type Stop = crate::run::Stop;

    fn change(&mut self) -> Go<bool> {
        if !self.0.has(Unknown::ChangingFirst) {
            forget(self.0)?;
        }
        self.0.ask("members.insert", |w| {
            w.entry = Some(w.next);
            w.next += 1;
            true
        })
    }

    fn forget(&mut self) -> Go<()> {
        if self.0.has(Unknown::ChangingFirst) && self.0.has(Unknown::Forgetting) {
            forget(self.0)?;
        }
        Ok(())
    }
}

fn forget(run: &mut Run<'_, World>) -> Go<()> {
    run.act("acf_gate_task_forget", |w| {
        w.forgotten += 1;
        w.member = None;
    })
}

impl Model for Known {
    type State = State;

    fn start(&self) -> State {
        State::default()
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        steps.may(TASK, |next| {
            let history = &mut next.histories[TASK];
            go_on(&mut next.world, history, self.without, |run| {
                protocol::find_member(&mut Calling(run))
            })
            .0
        });
        if state.histories[OTHERS].is_empty() && state.world.entry.is_some() {
            steps.can(OTHERS, |next| {
                next.world.entry = None;
                "release"
            });
        }
        if state.changes < self.changes {
            steps.may(OTHERS, |next| {
                let history = &mut next.histories[OTHERS];
                let (what, has_ended) = go_on(&mut next.world, history, self.without, |run| {
                    protocol::change_member(&mut Changing(run))
                });
                next.changes += u8::from(has_ended);
                what
            });
        }
        steps.all()
    }

    fn wrong(&self, state: &State, _last: bool) -> Option<String> {
        let World { entry, member, .. } = state.world;
        let is_changing = !state.histories[OTHERS].is_empty();
        match (entry, member) {
            (Some(entry), Some(member)) if entry != member && !is_changing => Some(format!(
                "a member of {entry} passes as one of {member} after the change"
            )),
            _ => None,
        }
    }
}
