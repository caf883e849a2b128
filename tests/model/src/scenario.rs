// SPDX-License-Identifier: GPL-2.0

//! Who does what in a world, and the code with a part left out.

use crate::control::Call;
use crate::explore::{Model, Step};
use crate::world::{Phase, Run, Task, World, TASKS};
use crate::{check, fork, narrow};

/// A part of the code that is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The hook before a child can run: `inherit`.
    TaskAlloc,
    /// The hook as it becomes visible: `catch_up`.
    TaskPublish,
    /// The hook after its last reference: `Members::forget`.
    TaskFree,
    /// That `take_in_process` looks again until a look finds only members.
    SecondLook,
    /// The same of `narrow`.
    LookAfterNarrowing,
    /// The same of `release_process`.
    LookAfterRelease,
    /// That `take_in_process` waits for clones before it looks again.
    WaitingInAssign,
    /// The same of `narrow`.
    WaitingInNarrow,
    /// The same of `release_process`.
    WaitingInRelease,
    /// That `catch_up` puts a child from one association into another.
    Replacing,
    /// That it forgets what the child has before.
    Forgetting,
    /// That the first thread counts for `release_process`, which waits for
    /// clones of it as of any other.
    CountingTheFirst,
    /// That `RcuMap::remove` looks again when it finds another entry.
    LookingAgain,
    /// That `RcuMap::replace_if` replaces only what it looked at.
    Comparing,
    /// Looking whether a part has ended once a task is in.
    RecheckInNarrow,
    /// The same as a child inherits.
    RecheckInInherit,
    /// The same as it catches up.
    RecheckInCatchUp,
    /// That only the entry of an association that has ended is removed where
    /// that was found, not whatever is there by then.
    RemovingTheEndedOnly,
    /// That `release_process` leaves alone what is being made.
    SparingTheUnformed,
    /// That no part is listed of what has ended.
    AskingForTheEnd,
    /// The same of what that is a part of.
    AskingTheWhole,
    /// That narrowing waits until everybody is in.
    WaitingForTheFormed,
    /// `cred_guard_mutex`: that one thread narrows at a time.
    OneAtATime,
    /// That the walk through the table looks at all of a bucket again when the entry
    /// it stood at is gone.
    WalkingAgain,
    /// That `revoke_all` goes through the list twice.
    RevokingTwice,
}

/// Process 0 and what is done to it, and by it.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// How many threads it has when the first call is made.
    pub threads: u8,
    /// How many more tasks are made, at any time.
    pub forks: u8,
    /// Whether they may be processes of their own, and not threads only.
    pub processes: bool,
    /// Whether tasks exit; all of them do in the end.
    pub exits: bool,
    /// How often a thread of it narrows it, at any time.
    pub narrows: u8,
    /// The calls of two administrators, of each one after the other, at any time.
    pub calls: [Vec<Call>; 2],
    /// What is left out of the code.
    pub without: Option<Without>,
}

impl Scenario {
    /// A process of so many threads, which make so many tasks more, and narrow it so
    /// often, while one administrator makes these calls.
    #[must_use]
    pub fn new(threads: u8, forks: u8, narrows: u8, calls: &[Call]) -> Self {
        Self {
            threads,
            forks,
            narrows,
            calls: [calls.to_vec(), Vec::new()],
            ..Self::default()
        }
    }
}

/// What somebody is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Doing {
    /// User space, or nothing.
    #[default]
    Idle,
    Fork {
        thread: bool,
    },
    Exit,
    Narrow,
    Call,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Actor {
    doing: Doing,
    history: Vec<u8>,
}

/// The administrators, after the tasks.
const ADMINISTRATORS: [usize; 2] = [TASKS, TASKS + 1];

/// Everything there is at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) world: World,
    actors: [Actor; TASKS + 2],
    calls_made: [u8; 2],
    narrows: u8,
}

impl Model for Scenario {
    type State = State;

    fn start(&self) -> State {
        let mut world = World {
            exits: self.exits,
            ..World::default()
        };
        for task in 0..self.threads {
            world.task(task).phase = Phase::Listed;
        }
        // Only so many may be made: the others are gone already.
        for task in self.threads + self.forks..TASKS as u8 {
            world.task(task).phase = Phase::Gone;
        }
        State {
            world,
            actors: Default::default(),
            calls_made: [0; 2],
            narrows: 0,
        }
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        for task in 0..TASKS {
            if state.actors[task].doing != Doing::Idle {
                self.go_on(state, task, &mut steps);
            } else if state.world.tasks[task].phase == Phase::Listed {
                self.set_out(state, task, &mut steps);
            }
        }
        for actor in ADMINISTRATORS {
            if self.call_of(state, actor).is_some() {
                let mut begun = state.clone();
                begun.actors[actor].doing = Doing::Call;
                self.go_on(&begun, actor, &mut steps);
            }
        }
        let mut later = state.clone();
        if later.world.end_grace_period() {
            steps.push(((TASKS as u8, "a grace period ends"), later));
        }
        steps
    }

    fn wrong(&self, state: &State, last: bool) -> Option<String> {
        let idle = state.actors.iter().all(|a| a.doing == Doing::Idle);
        if last && !idle {
            return Some("somebody waits for ever".into());
        }
        check::wrong(&state.world, idle).or_else(|| {
            (last && self.exits)
                .then(|| check::wrong_at_the_end(&state.world))
                .flatten()
        })
    }
}

impl Scenario {
    /// What a task that runs can begin.
    fn set_out(&self, state: &State, task: usize, steps: &mut Vec<(Step, State)>) {
        let mut begin = |doing| {
            let mut begun = state.clone();
            begun.actors[task].doing = doing;
            begun.narrows += u8::from(doing == Doing::Narrow);
            self.go_on(&begun, task, steps);
        };
        if state.world.which(|t| t.phase == Phase::Unborn) != 0 {
            begin(Doing::Fork { thread: true });
            if self.processes {
                begin(Doing::Fork { thread: false });
            }
        }
        let Task { process, entry, .. } = state.world.tasks[task];
        // A task of no association is told so, and that is all.
        if state.narrows < self.narrows && process == 0 && entry.is_some() {
            begin(Doing::Narrow);
        }
        if self.exits {
            begin(Doing::Exit);
        }
    }

    /// The call that an administrator is at, or makes next.
    fn call_of(&self, state: &State, actor: usize) -> Option<Call> {
        let who = actor - TASKS;
        let made = usize::from(state.calls_made[who]);
        self.calls[who].get(made).copied()
    }

    /// One step of what somebody is at.
    fn go_on(&self, state: &State, actor: usize, steps: &mut Vec<(Step, State)>) {
        let mut next = state.clone();
        let Actor { doing, history } = &mut next.actors[actor];
        let mut run = Run::new(&mut next.world, history, self.without);
        let task = actor as u8;
        // Where it fails the program has ended, as where it succeeds.
        let _ = match *doing {
            Doing::Idle => Ok(()),
            Doing::Fork { thread } => fork::copy_process(&mut run, task, thread),
            Doing::Exit => fork::exit(&mut run, task),
            Doing::Narrow => narrow::set_self_attr(&mut run, task),
            Doing::Call => match self.call_of(state, actor) {
                Some(call) => call.run(&mut run),
                None => Ok(()),
            },
        };
        let has_ended = !run.is_paused();
        let Some(what) = run.what() else {
            // It waits.
            return;
        };
        if has_ended {
            history.clear();
            if *doing == Doing::Call {
                next.calls_made[actor - TASKS] += 1;
            }
            *doing = Doing::Idle;
        }
        if let Some(wrong) = check::wrong_step(&state.world, &next.world) {
            next.world.complain(wrong);
        }
        steps.push(((task, what), next));
    }
}
