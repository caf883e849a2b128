// SPDX-License-Identifier: GPL-2.0

//! Who does what in a world, and the code with a part left out.

use crate::control::Call;
use crate::explore::{Model, Step};
use crate::run::Run;
use crate::world::{Phase, Task, World, TASKS};
use crate::{check, fork};

/// A part of the code that is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The hook before a child can run, `Table::inherit`.
    TaskAlloc,
    /// The hook as it becomes visible, `Table::catch_up`.
    TaskPublish,
    /// The hook after its last reference, `Table::forget`.
    TaskFree,
    /// `task::wait_for_clones`
    WaitingForClones,
    /// Looking again until nothing new is found.
    SecondLook,
    /// `Association::revoke`
    Revoking,
    /// That `catch_up` puts a child from one association into another.
    Replacing,
    /// That `catch_up` forgets what a child has of an association that ended.
    ForgettingTheEnded,
    /// That `catch_up` forgets a child whose maker is released meanwhile.
    ForgettingTheReleased,
    /// That the first thread counts for `release_process`, which waits for
    /// clones of it as of any other.
    CountingTheFirst,
}

/// Process 0 and its control calls.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many threads it has when the first call is made.
    pub threads: u8,
    /// How many more tasks are made, at any time.
    pub forks: u8,
    /// Whether they may be processes of their own, and not threads only.
    pub processes: bool,
    /// Whether tasks exit; all of them do in the end.
    pub exits: bool,
    /// The calls, one after the other, at any time.
    pub calls: Vec<Call>,
    /// What is left out of the code.
    pub without: Option<Without>,
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
    Call,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Actor {
    doing: Doing,
    history: Vec<u8>,
}

/// Whoever makes control calls, after the tasks.
const CONTROL: usize = TASKS;

/// Everything there is at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) world: World,
    actors: [Actor; TASKS + 1],
    calls_made: u8,
}

impl Model for Scenario {
    type State = State;

    fn start(&self) -> State {
        let mut world = World::default();
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
            calls_made: 0,
        }
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        for task in 0..TASKS {
            let phase = state.world.tasks[task].phase;
            if state.actors[task].doing != Doing::Idle {
                self.go_on(state, task, &mut steps);
            } else if phase == Phase::Listed && !state.world.tasks[task].calling {
                self.set_out(state, task, &mut steps);
            }
        }
        if state.actors[CONTROL].doing != Doing::Idle {
            self.go_on(state, CONTROL, &mut steps);
        } else if let Some(call) = self.calls.get(usize::from(state.calls_made)) {
            self.call(state, *call, &mut steps);
        }
        let mut later = state.clone();
        if later.world.end_grace_period() {
            steps.push(((CONTROL as u8, "a grace period ends"), later));
        }
        steps
    }

    fn wrong(&self, state: &State, last: bool) -> Option<String> {
        let idle = state.actors.iter().all(|a| a.doing == Doing::Idle);
        if last && !idle {
            return Some("somebody waits for ever".into());
        }
        check::wrong(&state.world).or_else(|| {
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
            self.go_on(&begun, task, steps);
        };
        if state.world.which(|t| t.phase == Phase::Unborn) != 0 {
            begin(Doing::Fork { thread: true });
            if self.processes {
                begin(Doing::Fork { thread: false });
            }
        }
        if self.exits {
            begin(Doing::Exit);
        }
    }

    /// A control call begins. Narrowing is called by a thread of process 0
    /// that does nothing else meanwhile; if there is none, nobody calls.
    fn call(&self, state: &State, call: Call, steps: &mut Vec<(Step, State)>) {
        let mut begun = state.clone();
        begun.actors[CONTROL].doing = Doing::Call;
        if call != Call::Narrow {
            return self.go_on(&begun, CONTROL, steps);
        }
        for task in 0..TASKS {
            let Task { phase, process, .. } = state.world.tasks[task];
            if phase == Phase::Listed && process == 0 && state.actors[task].doing == Doing::Idle {
                let mut begun = begun.clone();
                begun.world.tasks[task].calling = true;
                self.go_on(&begun, CONTROL, steps);
            }
        }
    }

    /// One step of what somebody is at.
    fn go_on(&self, state: &State, actor: usize, steps: &mut Vec<(Step, State)>) {
        let mut next = state.clone();
        let State {
            world,
            actors,
            calls_made,
        } = &mut next;
        let Actor { doing, history } = &mut actors[actor];
        let mut run = Run::new(world, history);
        let task = actor as u8;
        let gone = match *doing {
            Doing::Idle => Ok(()),
            Doing::Fork { thread } => fork::copy_process(&mut run, self.without, task, thread),
            Doing::Exit => fork::exit(&mut run, self.without, task),
            Doing::Call => {
                let call = self.calls[usize::from(*calls_made)];
                call.run(&mut run, self.without)
            }
        };
        let Some(what) = run.what() else {
            // It waits.
            return;
        };
        if gone.is_ok() {
            history.clear();
            *calls_made += u8::from(*doing == Doing::Call);
            *doing = Doing::Idle;
        }
        steps.push(((task, what), next));
    }
}
