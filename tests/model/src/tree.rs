// SPDX-License-Identifier: GPL-2.0

//! `Table::take_in_all` with `TREE`: processes are put into an association with
//! all their descendants, who make children and exit meanwhile, so that those
//! become the first one's. Each process has one thread, so no clones are waited for:
//! collecting takes the same lock. Nobody is in another association.

use crate::explore::{Model, Step, Steps};

/// How many tasks there can be, over all time.
const TASKS: usize = 5;

/// A part of the code that is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfollowed {
    /// Looking again until all are in.
    Again,
    /// Looking again when one exits before it can be put in.
    Exiting,
    /// Collecting all at one moment: the children of one are looked at after those
    /// of another.
    OneMoment,
}

/// A process, its child, and the child of that.
#[derive(Clone, Debug)]
pub struct Tree {
    /// How many more tasks are made, at any time.
    pub forks: usize,
    /// What is left out of the code.
    pub without: Option<Unfollowed>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    /// Not there yet, or not made visible yet.
    #[default]
    Absent,
    /// On the list of tasks.
    Listed,
    /// It runs no more, and is the parent of its children still.
    Exiting,
    /// It has exited, and its children are the first one's.
    Zombie,
    /// Not there any more.
    Gone,
}

/// How far a task has come with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fork {
    Inherits,
    CatchesUp,
    Publishes,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Task {
    phase: Phase,
    parent: usize,
    /// The table has it.
    is_in: bool,
    /// A child that it makes.
    makes: Option<(usize, Fork)>,
}

/// Where `assign` is. Sets of tasks are bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum At {
    #[default]
    PutsInFirst,
    Collects,
    /// Without [`Unfollowed::OneMoment`]: what it has, and whose children are next.
    CollectsChildren(u8, usize),
    /// Looks at one of these, from a task on.
    Task(u8, usize),
    PutsIn(u8, usize),
    Done,
}

/// Everything there is at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    tasks: [Task; TASKS],
    /// Who has `tasklist_lock` for more than a step.
    lock: Option<usize>,
    at: At,
    found: bool,
    /// Who was seen to exit.
    exiting: u8,
}

impl State {
    fn fork(&mut self, maker: usize) -> &'static str {
        let (child, stage) = self.tasks[maker].makes.expect("a child");
        let is_in = self.tasks[maker].is_in;
        let (next, what) = match stage {
            Fork::Inherits => {
                self.tasks[child].is_in = is_in;
                (Some(Fork::CatchesUp), "has its child inherit")
            }
            Fork::CatchesUp => {
                self.lock = Some(maker);
                self.tasks[child].is_in = is_in;
                (Some(Fork::Publishes), "has its child catch up")
            }
            Fork::Publishes => {
                self.lock = None;
                self.tasks[child].phase = Phase::Listed;
                self.tasks[child].parent = maker;
                (None, "has a child on the list")
            }
        };
        self.tasks[maker].makes = next.map(|next| (child, next));
        what
    }

    /// `exit_notify()`
    fn exit(&mut self, task: usize) -> &'static str {
        self.tasks[task].phase = Phase::Zombie;
        for child in &mut self.tasks {
            if child.parent == task {
                child.parent = 0;
            }
        }
        "has exited"
    }

    /// Descendants that have not exited: all, or the children of one.
    fn descendants(&self, of: Option<usize>) -> u8 {
        let is_one = |t: &Task| {
            matches!(t.phase, Phase::Listed | Phase::Exiting) && of.is_none_or(|p| t.parent == p)
        };
        let all = (1..TASKS).filter(|i| is_one(&self.tasks[*i]));
        all.fold(0, |all, i| all | (1 << i))
    }

    fn assign(&mut self, without: Option<Unfollowed>) -> &'static str {
        match self.at {
            At::PutsInFirst => {
                self.tasks[0].is_in = true;
                self.at = At::Collects;
                "puts in the first"
            }
            At::Collects => {
                self.found = false;
                self.at = if without == Some(Unfollowed::OneMoment) {
                    At::CollectsChildren(0, 0)
                } else {
                    At::Task(self.descendants(None), 1)
                };
                "collects descendants"
            }
            At::CollectsChildren(bits, parent) => {
                let bits = bits | self.descendants(Some(parent));
                self.at = if parent + 1 < TASKS {
                    At::CollectsChildren(bits, parent + 1)
                } else {
                    At::Task(bits, 1)
                };
                "collects the children of one"
            }
            At::Task(bits, nr) => match (nr..TASKS).find(|i| bits & (1 << i) != 0) {
                Some(i) if self.tasks[i].is_in => {
                    self.at = At::Task(bits, i + 1);
                    "looks at one that is in"
                }
                Some(i) if self.tasks[i].phase == Phase::Listed => {
                    self.at = At::PutsIn(bits, i);
                    "looks at one that is not in"
                }
                Some(i) => {
                    let is_known = self.exiting & (1 << i) != 0;
                    self.found |= !is_known && without != Some(Unfollowed::Exiting);
                    self.exiting |= 1 << i;
                    self.at = At::Task(bits, i + 1);
                    "looks at one that exits"
                }
                None => {
                    let again = self.found && without != Some(Unfollowed::Again);
                    self.at = if again { At::Collects } else { At::Done };
                    "has looked at all"
                }
            },
            At::PutsIn(bits, nr) => {
                self.tasks[nr].is_in = true;
                self.found = true;
                self.at = At::Task(bits, nr + 1);
                "puts one in"
            }
            At::Done => unreachable!("it has ended"),
        }
    }
}

impl Model for Tree {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        for (task, parent) in [(0, 0), (1, 0), (2, 1)] {
            state.tasks[task].phase = Phase::Listed;
            state.tasks[task].parent = parent;
        }
        // Only so many may be made.
        for task in 3 + self.forks..TASKS {
            state.tasks[task].phase = Phase::Gone;
        }
        state
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        let is_made = |i: &usize| {
            let made = |t: &Task| t.makes.is_some_and(|(child, _)| child == *i);
            state.tasks.iter().any(made)
        };
        let absent = (0..TASKS).find(|i| state.tasks[*i].phase == Phase::Absent && !is_made(i));
        for (nr, task) in state.tasks.iter().enumerate() {
            let is_free = state.lock.is_none();
            match task.phase {
                Phase::Listed => {
                    if let Some((_, stage)) = task.makes {
                        if is_free || stage != Fork::CatchesUp {
                            steps.can(nr, |next| next.fork(nr));
                        }
                        continue;
                    }
                    if let Some(child) = absent {
                        steps.can(nr, |next| {
                            next.tasks[nr].makes = Some((child, Fork::Inherits));
                            "makes a child"
                        });
                    }
                    if nr != 0 {
                        steps.can(nr, |next| {
                            next.tasks[nr].phase = Phase::Exiting;
                            "begins to exit"
                        });
                    }
                }
                Phase::Exiting if is_free => steps.can(nr, |next| next.exit(nr)),
                Phase::Zombie if is_free => steps.can(task.parent, |next| {
                    next.tasks[nr].phase = Phase::Gone;
                    "waits for a child that has exited"
                }),
                _ => {}
            }
        }
        let locks = matches!(state.at, At::Collects | At::CollectsChildren(..));
        if state.at != At::Done && (state.lock.is_none() || !locks) {
            steps.can(TASKS, |next| next.assign(self.without));
        }
        steps.all()
    }

    fn wrong(&self, state: &State, _last: bool) -> Option<String> {
        let is_out = |t: &Task| t.phase == Phase::Listed && !t.is_in;
        let left = state.tasks.iter().position(is_out)?;
        (state.at == At::Done).then(|| format!("task {left} is left outside"))
    }
}
