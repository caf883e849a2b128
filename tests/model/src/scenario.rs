// SPDX-License-Identifier: GPL-2.0

//! The tasks and the control calls of one exploration.

use crate::check::Home;
use crate::control::Call;
use crate::entry::Entry;
use crate::exec::{self, Program};
use crate::explore::{Model, Step};
use crate::without::Without;
use crate::world::{Phase, Run, Task, World, TASKS};
use crate::{check, fork, narrow};

/// Process 0, its tasks, and the control calls on it.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// The number of its threads at the start.
    pub threads: u8,
    /// The number of tasks that it can make, at any time.
    pub forks: u8,
    /// Whether these may be processes, and not only threads.
    pub processes: bool,
    /// Whether tasks exit. If so, all of them do in the end.
    pub exits: bool,
    /// Whether the gate looks at the tags of tasks, which makes many more states. If not,
    /// it forwards the hooks of all.
    pub tags: bool,
    /// How often its threads can narrow it, at any time.
    pub narrows: u8,
    /// Whether its thread, which is the only one, executes a program that a rule names, at any
    /// time, and does nothing else before. The rule puts it into association 0, which is there.
    pub rule: bool,
    /// Whether it is in association 1 at the start, which is defined as association 0 is.
    pub member: bool,
    /// Whether it has a parent, which does nothing.
    pub parent: bool,
    /// The calls of two administrators. Each makes one call after the other, at any time.
    pub calls: [Vec<Call>; 2],
    /// The part of the code that is left out.
    pub without: Option<Without>,
}

impl Scenario {
    /// A process of `threads` threads, which make up to `forks` tasks and narrow it up to
    /// `narrows` times, while one administrator makes these calls.
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

    /// A process of one thread that executes the program of a rule. Then it makes tasks and
    /// narrows itself in the same way.
    #[must_use]
    pub fn with_rule(forks: u8, narrows: u8, calls: &[Call]) -> Self {
        Self {
            rule: true,
            ..Self::new(1, forks, narrows, calls)
        }
    }

    /// A process in association 1, which makes tasks and narrows itself in the same way.
    #[must_use]
    pub fn with_member(threads: u8, forks: u8, narrows: u8, calls: &[Call]) -> Self {
        Self {
            member: true,
            ..Self::new(threads, forks, narrows, calls)
        }
    }
}

/// The program that an actor runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Doing {
    /// None: a task is in user space, or an administrator makes no call.
    #[default]
    Idle,
    Fork {
        thread: bool,
    },
    Exit,
    Narrow,
    /// `execve`, until the rule is chosen.
    Execute,
    /// The rest of it, with a bypass or without one.
    Commit {
        holds: bool,
    },
    Call,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Actor {
    doing: Doing,
    history: Vec<u8>,
}

/// The numbers of the administrators, after those of the tasks.
const ADMINISTRATORS: [usize; 2] = [TASKS, TASKS + 1];

/// The whole state at one moment.
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
            // Who executes a program may be killed.
            exits: self.exits || self.rule,
            tags: self.tags,
            parent: self.parent.then_some(self.threads),
            ..World::default()
        };
        if self.rule {
            world.define();
            world.home = Home::Any;
            world.exec.program = Program::Next;
        }
        if self.member {
            if !self.rule {
                world.define();
            }
            world.define();
            world.moves = true;
            world.home = Home::In(1);
            for task in 0..self.threads {
                let entry = Entry::new(1, 0);
                world.join(entry);
                world.insert(task, entry);
                world.task(task).tagged = true;
            }
        }
        let present = self.threads + u8::from(self.parent);
        for task in 0..present {
            world.task(task).phase = Phase::Listed;
        }
        if let Some(parent) = world.parent {
            world.task(parent).process = parent;
        }
        // The others are gone already, so that no more than `forks` are made.
        for task in present + self.forks..TASKS as u8 {
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
            return Some("a program waits for ever".into());
        }
        check::wrong(&state.world, idle).or_else(|| {
            (last && self.exits)
                .then(|| check::wrong_at_the_end(&state.world))
                .flatten()
        })
    }
}

impl Scenario {
    /// The programs that a task can begin when it is in user space.
    fn set_out(&self, state: &State, task: usize, steps: &mut Vec<(Step, State)>) {
        let mut begin = |doing| {
            let mut begun = state.clone();
            begun.actors[task].doing = doing;
            begun.narrows += u8::from(doing == Doing::Narrow);
            self.go_on(&begun, task, steps);
        };
        if state.world.parent == Some(task as u8) {
            if self.exits {
                begin(Doing::Exit);
            }
            return;
        }
        match state.world.exec.program {
            Program::Any | Program::New => {}
            Program::Next => return begin(Doing::Execute),
            Program::Chosen => {
                begin(Doing::Commit { holds: false });
                return begin(Doing::Commit { holds: true });
            }
        }
        if state.world.which(|t| t.phase == Phase::Unborn) != 0 {
            begin(Doing::Fork { thread: true });
            if self.processes {
                begin(Doing::Fork { thread: false });
            }
        }
        let Task { process, entry, .. } = state.world.tasks[task];
        // Without an association narrowing changes nothing: it returns an error at once.
        if state.narrows < self.narrows && process == 0 && entry.is_some() {
            begin(Doing::Narrow);
        }
        if self.exits {
            begin(Doing::Exit);
        }
    }

    /// The call that an administrator is making, or makes next.
    fn call_of(&self, state: &State, actor: usize) -> Option<Call> {
        let who = actor - TASKS;
        let made = usize::from(state.calls_made[who]);
        self.calls[who].get(made).copied()
    }

    /// One step of the program that an actor runs.
    fn go_on(&self, state: &State, actor: usize, steps: &mut Vec<(Step, State)>) {
        let mut next = state.clone();
        let Actor { doing, history } = &mut next.actors[actor];
        let mut run = Run::new(&mut next.world, history, self.without);
        let task = actor as u8;
        // The result does not matter: a program that fails has ended, too.
        let _ = match *doing {
            Doing::Idle => Ok(()),
            Doing::Fork { thread } => fork::copy_process(&mut run, task, thread),
            Doing::Exit => fork::exit(&mut run, task),
            Doing::Narrow => narrow::set_self_attr(&mut run, task),
            Doing::Execute => exec::check(&mut run, task),
            Doing::Commit { holds } => exec::commit(&mut run, task, holds),
            Doing::Call => match self.call_of(state, actor) {
                Some(call) => call.run(&mut run),
                None => Ok(()),
            },
        };
        let has_ended = !run.is_paused();
        let Some(what) = run.what() else {
            // The program waits.
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
