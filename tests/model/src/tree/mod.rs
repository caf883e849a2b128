// SPDX-License-Identifier: GPL-2.0

//! `assign --tree` takes in a process and all its descendants, while they make children
//! and exit. The first process adopts the children of those that exit. The call takes the
//! steps of [`protocol::TakeInTree`]. A fork has three steps here; the module `fork`
//! models it in full. Each process has one thread, and none is in another association.

mod call;

use addrconf_protocol as protocol;

use call::Following;

use crate::explore::{Model, Step, Steps};
use crate::run::{Run, Shared};

/// The number of tasks that can ever exist.
const TASKS: usize = 5;

/// A part of the code that a test leaves out, to show that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfollowed {
    /// The call looks again until all are members.
    Again,
    /// It looks again when one exits before it can be taken in.
    Exiting,
    /// It collects all descendants at one moment. Without this, it collects the children
    /// of one process after those of another.
    OneMoment,
}

/// A process, its child and its grandchild.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The number of tasks that they can make, at any time.
    pub forks: usize,
    /// The part of the code that is left out.
    pub without: Option<Unfollowed>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    /// Not made yet, or not visible yet.
    #[default]
    Absent,
    /// On the list of tasks.
    Listed,
    /// It makes no more calls, and is still the parent of its children.
    Exiting,
    /// It has exited, and its children are the first process's.
    Zombie,
    /// Reaped, or never made.
    Gone,
}

/// The next step of a fork.
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
    /// The table has an entry for it.
    is_member: bool,
    /// The child that it is making, and the next step of that.
    makes: Option<(usize, Fork)>,
}

/// The state that the tasks and the call share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    tasks: [Task; TASKS],
    /// The task that holds `tasklist_lock` from one step to the next.
    lock: Option<usize>,
    /// The tasks that the call has seen exit, a bit each. Only the call uses it.
    exiting: u8,
}

impl Shared for World {
    type Part = Unfollowed;
}

/// The whole state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    world: World,
    history: Vec<u8>,
    done: bool,
}

impl World {
    fn fork(&mut self, maker: usize) -> &'static str {
        let (child, stage) = self.tasks[maker].makes.expect("a child");
        let is_member = self.tasks[maker].is_member;
        let (next, what) = match stage {
            Fork::Inherits => {
                self.tasks[child].is_member = is_member;
                (Some(Fork::CatchesUp), "inherit")
            }
            Fork::CatchesUp => {
                self.lock = Some(maker);
                self.tasks[child].is_member = is_member;
                (Some(Fork::Publishes), "write_lock_irq, catch_up")
            }
            Fork::Publishes => {
                self.lock = None;
                self.tasks[child].phase = Phase::Listed;
                self.tasks[child].parent = maker;
                (None, "list_add_tail_rcu, write_unlock_irq")
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
        "exit_notify"
    }

    /// The descendants that have not exited, a bit each: all, or the children of `of`.
    fn descendants(&self, of: Option<usize>) -> u8 {
        let is_one = |t: &Task| {
            matches!(t.phase, Phase::Listed | Phase::Exiting) && of.is_none_or(|p| t.parent == p)
        };
        let all = (1..TASKS).filter(|i| is_one(&self.tasks[*i]));
        all.fold(0, |all, i| all | (1 << i))
    }

    fn task(&mut self, task: u8) -> &mut Task {
        &mut self.tasks[usize::from(task)]
    }
}

impl Model for Tree {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        for (task, parent) in [(0, 0), (1, 0), (2, 1)] {
            state.world.tasks[task].phase = Phase::Listed;
            state.world.tasks[task].parent = parent;
        }
        // The others are gone already, so that no more than `forks` are made.
        for task in 3 + self.forks..TASKS {
            state.world.tasks[task].phase = Phase::Gone;
        }
        state
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        let world = &state.world;
        let is_made = |i: &usize| {
            let made = |t: &Task| t.makes.is_some_and(|(child, _)| child == *i);
            world.tasks.iter().any(made)
        };
        let absent = (0..TASKS).find(|i| world.tasks[*i].phase == Phase::Absent && !is_made(i));
        let is_free = world.lock.is_none();
        for (nr, task) in world.tasks.iter().enumerate() {
            match task.phase {
                Phase::Listed => {
                    if let Some((_, stage)) = task.makes {
                        if is_free || stage != Fork::CatchesUp {
                            steps.can(nr, |next| next.world.fork(nr));
                        }
                        continue;
                    }
                    if let Some(child) = absent {
                        steps.can(nr, |next| {
                            next.world.tasks[nr].makes = Some((child, Fork::Inherits));
                            "copy_process"
                        });
                    }
                    if nr != 0 {
                        steps.can(nr, |next| {
                            next.world.tasks[nr].phase = Phase::Exiting;
                            "exit_signals"
                        });
                    }
                }
                Phase::Exiting if is_free => steps.can(nr, |next| next.world.exit(nr)),
                Phase::Zombie if is_free => steps.can(task.parent, |next| {
                    next.world.tasks[nr].phase = Phase::Gone;
                    "wait"
                }),
                _ => {}
            }
        }
        if !state.done {
            steps.may(TASKS, |next| {
                let mut run = Run::new(&mut next.world, &mut next.history, self.without);
                let mut following = Following {
                    run: &mut run,
                    is_member: false,
                };
                let _ = protocol::take_in_tree(&mut following, &0);
                next.done = !run.is_paused();
                run.what()
            });
        }
        steps.all()
    }

    fn wrong(&self, state: &State, last: bool) -> Option<String> {
        if last && !state.done {
            return Some("the call waits for ever".into());
        }
        let is_out = |t: &Task| t.phase == Phase::Listed && !t.is_member;
        let left = state.world.tasks.iter().position(is_out)?;
        state.done.then(|| format!("task {left} is left outside"))
    }
}
