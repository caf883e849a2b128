// SPDX-License-Identifier: GPL-2.0

//! Why forks have a hook of their own, `task_publish`: what remains open without it, although
//! `assign` drives every thread out of its call and then looks for children again.
//!
//! A stand-alone model of the alternative: it is not the module's code.

use crate::explore::{Model, Step, Steps};
use crate::world::Phase;

/// The number of tasks that can ever exist; the first is the one that is assigned.
const TASKS: usize = 3;
/// The actor that assigns, after the tasks.
const ADMINISTRATOR: usize = TASKS;

/// How an association finds the children that its first member was making.
#[derive(Clone, Copy, Debug)]
pub struct Rescan {
    /// `task_publish` looks at the maker once more, as the child is put on the lists.
    /// Otherwise `assign` waits until no member is in a call, and then takes in the children of
    /// members. It even knows which of these were made in time.
    pub has_hook: bool,
    /// Whether tasks exit.
    pub exits: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Task {
    phase: Phase,
    /// `real_parent`; none is the child reaper.
    parent: Option<u8>,
    /// The child that it is making.
    making: Option<u8>,
    is_member: bool,
    /// It was put on the lists after a task in whose line it is had become a member.
    belongs: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Assign {
    #[default]
    Waiting,
    Looking,
    Done,
}

/// The whole state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    tasks: [Task; TASKS],
    assign: Assign,
}

impl State {
    fn which(&self, is: impl Fn(&Task) -> bool) -> Option<usize> {
        self.tasks.iter().position(is)
    }

    /// A child of a member that should be one too, as a walk of the lists finds it.
    fn missed_child(&self) -> Option<usize> {
        self.which(|t| {
            let by_member = t
                .parent
                .is_some_and(|p| self.tasks[usize::from(p)].is_member);
            t.phase == Phase::Listed && t.belongs && by_member && !t.is_member
        })
    }
}

impl Rescan {
    /// The steps of a task.
    fn run(self, state: &State, task: usize, steps: &mut Steps<'_, State>) {
        let Task { making, .. } = state.tasks[task];
        let unborn = state.which(|t| t.phase == Phase::Unborn);
        if let Some(child) = making.map(usize::from) {
            steps.can(task, |next| {
                let maker = next.tasks[task];
                next.tasks[task].making = None;
                let child = &mut next.tasks[child];
                child.phase = Phase::Listed;
                child.belongs = maker.is_member || maker.belongs;
                child.is_member |= self.has_hook && maker.is_member;
                "task_publish, list_add_tail_rcu"
            });
            return;
        }
        if let Some(child) = unborn {
            steps.can(task, |next| {
                next.tasks[task].making = Some(child as u8);
                next.tasks[child] = Task {
                    phase: Phase::Copied,
                    parent: Some(task as u8),
                    is_member: next.tasks[task].is_member,
                    ..Task::default()
                };
                "copy_process, task_alloc"
            });
        }
        if self.exits && task != 0 {
            steps.can(task, |next| {
                next.tasks[task].phase = Phase::Gone;
                let orphans = next
                    .tasks
                    .iter_mut()
                    .filter(|t| t.parent == Some(task as u8));
                orphans.for_each(|t| t.parent = None);
                "exit"
            });
        }
    }

    /// The next step of `assign`.
    fn assign(self, state: &State, steps: &mut Steps<'_, State>) {
        let in_a_call = state.which(|t| t.is_member && t.making.is_some());
        match state.assign {
            Assign::Waiting => steps.can(ADMINISTRATOR, |next| {
                next.tasks[0].is_member = true;
                next.assign = Assign::Looking;
                "insert"
            }),
            Assign::Looking if self.has_hook || in_a_call.is_none() => {
                steps.can(ADMINISTRATOR, |next| match state.missed_child() {
                    Some(child) if !self.has_hook => {
                        next.tasks[child].is_member = true;
                        "take in a child"
                    }
                    _ => {
                        next.assign = Assign::Done;
                        "assign returns"
                    }
                });
            }
            // It waits until a member leaves its call.
            Assign::Looking | Assign::Done => {}
        }
    }
}

impl Model for Rescan {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        state.tasks[0].phase = Phase::Listed;
        state
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        for task in 0..TASKS {
            if state.tasks[task].phase == Phase::Listed {
                self.run(state, task, &mut steps);
            }
        }
        self.assign(state, &mut steps);
        steps.all()
    }

    fn wrong(&self, state: &State, _last: bool) -> Option<String> {
        let free = state.which(|t| t.phase == Phase::Listed && t.belongs && !t.is_member)?;
        (state.assign == Assign::Done)
            .then(|| format!("task {free} is free, though made by a member's child"))
    }
}
