// SPDX-License-Identifier: GPL-2.0

//! `assign` searches members for a bypass, while they make children and hand on what they
//! hold. The call takes the steps of [`protocol::Search`], and a fork those of
//! [`protocol::Fork`] and [`protocol::HandOn`]. In the kernel a member that was not
//! searched waits before it forks, so that the search ends. Here it does not wait.

mod call;
mod fork;

use addrconf_protocol as protocol;

use call::Searching;

use crate::explore::{Model, Step, Steps};
use crate::run::{go_on, Run, Shared, Stop};
use crate::world::Phase;

/// The number of tasks that can ever exist.
const TASKS: usize = 5;

/// A part of the code that a test leaves out, to show that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsearched {
    /// The search looks again until it finds no new member.
    Again,
    /// Children that are on no list yet are counted.
    Counting,
    /// The search reads their count before the look that finds no member, not after it.
    CountingFirst,
    /// The search waits for children that are no longer counted and not yet on the list.
    Waiting,
}

/// One task holds a bypass; another, which is searched first, does not.
#[derive(Clone, Debug)]
pub struct Search {
    /// The number of tasks that they can make, at any time.
    pub forks: usize,
    /// The part of the code that is left out.
    pub without: Option<Unsearched>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Task {
    phase: Phase,
    /// It has a bypass among its descriptors.
    holds: bool,
    searched: bool,
    /// It is counted in `World::unborn`.
    unborn: bool,
    /// It is making a child.
    makes: bool,
}

/// The state that the tasks and the call share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    tasks: [Task; TASKS],
    unborn: u8,
    /// `tasklist_lock` is held, for writing.
    tasklist: bool,
}

impl Shared for World {
    type Part = Unsearched;
}

impl World {
    fn task(&mut self, task: u8) -> &mut Task {
        &mut self.tasks[usize::from(task)]
    }

    /// `Membership::set_born`
    fn set_born(&mut self, child: u8) {
        if std::mem::take(&mut self.task(child).unborn) {
            self.unborn -= 1;
        }
    }

    /// The tasks for which `wanted` is true, a bit each.
    fn which(&self, wanted: impl Fn(&Task) -> bool) -> u8 {
        let all = (0..TASKS).filter(|i| wanted(&self.tasks[*i]));
        all.fold(0, |all, i| all | (1 << i))
    }
}

/// The whole state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    world: World,
    /// The histories of each task's fork, then that of the call.
    histories: [Vec<u8>; TASKS + 1],
    /// What the call found, once it has returned.
    outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    Bypass,
    Nothing,
}

impl Model for Search {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        for (task, holds) in [(0, false), (1, true)] {
            state.world.tasks[task].phase = Phase::Listed;
            state.world.tasks[task].holds = holds;
        }
        // The others are gone already, so that no more than `forks` are made.
        for task in 2 + self.forks..TASKS {
            state.world.tasks[task].phase = Phase::Gone;
        }
        state
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        let can_fork = state.world.which(|t| t.phase == Phase::Unborn) != 0;
        for (nr, task) in state.world.tasks.iter().enumerate() {
            if task.phase != Phase::Listed {
                continue;
            }
            if task.holds {
                steps.can(nr, |next| {
                    next.world.tasks[nr].holds = false;
                    "another thread closes it"
                });
            }
            if !task.makes {
                steps.can(nr, |next| {
                    next.world.tasks[nr] = Task {
                        phase: Phase::Gone,
                        ..Task::default()
                    };
                    "exit"
                });
            }
            if task.makes || can_fork {
                steps.may(nr, |next| {
                    let history = &mut next.histories[nr];
                    go_on(&mut next.world, history, self.without, |run| {
                        fork::copy_process(run, nr as u8)
                    })
                    .0
                });
            }
        }
        if state.outcome.is_none() {
            steps.may(TASKS, |next| {
                let history = &mut next.histories[TASKS];
                let mut run = Run::new(&mut next.world, history, self.without);
                next.outcome = match protocol::search(&mut Searching { run: &mut run }) {
                    Ok(()) | Err(Stop::Failed(_)) => Some(Outcome::Nothing),
                    Err(Stop::Paused) => None,
                    Err(Stop::Denied) => Some(Outcome::Bypass),
                };
                run.what()
            });
        }
        steps.all()
    }

    fn wrong(&self, state: &State, _last: bool) -> Option<String> {
        let left = state.world.tasks.iter().position(|t| t.holds);
        let forks = state.world.tasks.iter().any(|t| t.makes);
        match (state.outcome, left) {
            (Some(Outcome::Nothing), Some(task)) => {
                Some(format!("task {task} still holds a bypass"))
            }
            _ if !forks && state.world.unborn != 0 => {
                Some("a child is counted that nobody makes".into())
            }
            _ => None,
        }
    }
}
