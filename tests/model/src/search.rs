// SPDX-License-Identifier: GPL-2.0

//! `Table::search`: whoever is in an association is looked through, while they
//! make children and hand on what they hold. Nobody waits to be looked through
//! before it forks, as in the code, where that only gives the search an end.

use crate::explore::{Model, Step, Steps};

/// How many tasks there can be, over all time.
const TASKS: usize = 5;

/// A part of the code that is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsearched {
    /// Looking again until nobody is new.
    Again,
    /// Counting children that are on no list yet.
    Counting,
    /// That they are counted before the look that finds nobody, not after it.
    CountingFirst,
}

/// One task holds a way out; another, that is looked through first, does not.
#[derive(Clone, Debug)]
pub struct Search {
    /// How many more tasks are made, at any time.
    pub forks: usize,
    /// What is left out of the code.
    pub without: Option<Unsearched>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    /// Not there yet.
    #[default]
    Absent,
    /// Copied by its maker, on no list.
    Copied,
    /// On the list of tasks.
    Listed,
    /// Not there any more.
    Gone,
}

/// How far a task has come with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fork {
    Counts,
    LooksAgain,
    CopiesFiles,
    Publishes,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Task {
    phase: Phase,
    /// Has a way out among its descriptors.
    holds: bool,
    searched: bool,
    /// It is counted.
    unborn: bool,
    /// A child that it makes.
    makes: Option<(usize, Fork)>,
}

/// Where the search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum At {
    #[default]
    Counts,
    Looks,
    /// Looks through who is in these bits, from a task on.
    Task(u8, usize),
    /// Marks them.
    Marks(u8, usize),
    /// Only without [`Unsearched::CountingFirst`].
    CountsAfterwards(u8),
    Found,
    FoundNothing,
}

/// Everything there is at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    tasks: [Task; TASKS],
    unborn: u8,
    at: At,
    others_come: bool,
}

impl State {
    /// `Membership::set_born`
    fn set_born(&mut self, child: usize) {
        if std::mem::take(&mut self.tasks[child].unborn) {
            self.unborn -= 1;
        }
    }

    /// `Membership::of_child`, `copy_files()` and `catch_up`.
    fn fork(&mut self, maker: usize, without: Option<Unsearched>) -> &'static str {
        let (child, stage) = self.tasks[maker].makes.expect("a child");
        let is_searched = self.tasks[maker].searched;
        let (next, what) = match stage {
            Fork::Counts => {
                if without != Some(Unsearched::Counting) {
                    self.tasks[child].unborn = true;
                    self.unborn += 1;
                }
                (Some(Fork::LooksAgain), "counts its child")
            }
            Fork::LooksAgain => {
                if is_searched {
                    self.tasks[child].searched = true;
                    self.set_born(child);
                }
                (Some(Fork::CopiesFiles), "looks again if it was searched")
            }
            Fork::CopiesFiles => {
                self.tasks[child].holds = self.tasks[maker].holds;
                (Some(Fork::Publishes), "copies its descriptors")
            }
            Fork::Publishes => {
                self.set_born(child);
                self.tasks[child].phase = Phase::Listed;
                (None, "has a child on the list")
            }
        };
        self.tasks[maker].makes = next.map(|next| (child, next));
        what
    }

    fn search(&mut self, without: Option<Unsearched>) -> &'static str {
        let after = |bits: u8, nr: usize| (nr..TASKS).find(|i| bits & (1 << i) != 0);
        match self.at {
            At::Counts => {
                self.others_come = self.unborn > 0;
                self.at = At::Looks;
                "counts"
            }
            At::Looks => {
                let is_new = |t: &Task| t.phase == Phase::Listed && !t.searched;
                let bits = (0..TASKS).filter(|i| is_new(&self.tasks[*i]));
                let bits = bits.fold(0, |all, i| all | (1 << i));
                self.at = if without == Some(Unsearched::CountingFirst) {
                    At::CountsAfterwards(bits)
                } else {
                    At::Task(bits, 0)
                };
                "looks who is there"
            }
            At::CountsAfterwards(bits) => {
                self.others_come = self.unborn > 0;
                self.at = At::Task(bits, 0);
                "counts afterwards"
            }
            At::Task(0, _) => {
                self.at = if self.others_come {
                    At::Counts
                } else {
                    At::FoundNothing
                };
                "finds nobody"
            }
            At::Task(bits, nr) => {
                self.at = match after(bits, nr) {
                    Some(i) if self.tasks[i].holds => At::Found,
                    Some(i) => At::Task(bits, i + 1),
                    None => At::Marks(bits, 0),
                };
                "looks through a task"
            }
            At::Marks(bits, nr) => {
                self.at = match after(bits, nr) {
                    Some(i) => {
                        self.tasks[i].searched = true;
                        At::Marks(bits, i + 1)
                    }
                    None if without == Some(Unsearched::Again) => At::FoundNothing,
                    None => At::Counts,
                };
                "marks a task"
            }
            At::Found | At::FoundNothing => unreachable!("it has ended"),
        }
    }
}

impl Model for Search {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        for (task, holds) in [(0, false), (1, true)] {
            state.tasks[task].phase = Phase::Listed;
            state.tasks[task].holds = holds;
        }
        // Only so many may be made.
        for task in 2 + self.forks..TASKS {
            state.tasks[task].phase = Phase::Gone;
        }
        state
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        let absent = (0..TASKS).find(|i| state.tasks[*i].phase == Phase::Absent);
        for (nr, task) in state.tasks.iter().enumerate() {
            if task.phase != Phase::Listed {
                continue;
            }
            if task.holds {
                steps.can(nr, |next| {
                    next.tasks[nr].holds = false;
                    "has another thread close it"
                });
            }
            if task.makes.is_some() {
                steps.can(nr, |next| next.fork(nr, self.without));
                continue;
            }
            steps.can(nr, |next| {
                next.tasks[nr] = Task {
                    phase: Phase::Gone,
                    ..Task::default()
                };
                "exits"
            });
            if let Some(child) = absent {
                steps.can(nr, |next| {
                    next.tasks[child].phase = Phase::Copied;
                    next.tasks[child].searched = task.searched;
                    let stage = if task.searched {
                        Fork::CopiesFiles
                    } else {
                        Fork::Counts
                    };
                    next.tasks[nr].makes = Some((child, stage));
                    "makes a child"
                });
            }
        }
        if !matches!(state.at, At::Found | At::FoundNothing) {
            steps.can(TASKS, |next| next.search(self.without));
        }
        steps.all()
    }

    fn wrong(&self, state: &State, _last: bool) -> Option<String> {
        let left = state.tasks.iter().position(|t| t.holds);
        match (state.at, left) {
            (At::FoundNothing, Some(task)) => Some(format!("task {task} has it still")),
            _ => None,
        }
    }
}
