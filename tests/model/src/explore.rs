// SPDX-License-Identifier: GPL-2.0

//! Visits every state that can be reached, once each, the nearest first.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};

/// A step: the number of its actor, and its name. Tasks have the first numbers. Actors that
/// make control calls come after them; so does the end of a grace period.
pub type Step = (u8, &'static str);

/// The steps that are possible in a state.
pub struct Steps<'a, S> {
    state: &'a S,
    all: Vec<(Step, S)>,
}

impl<'a, S: Clone> Steps<'a, S> {
    /// No step yet.
    pub fn of(state: &'a S) -> Self {
        let all = Vec::new();
        Self { state, all }
    }

    /// Adds a step of actor `who`. `step` changes the state and returns the step's name.
    pub fn can(&mut self, who: usize, step: impl FnOnce(&mut S) -> &'static str) {
        let mut next = self.state.clone();
        let what = step(&mut next);
        self.all.push(((who as u8, what), next));
    }

    /// Adds a step in the same way, unless `step` returns `None`: then it has to wait.
    pub fn may(&mut self, who: usize, step: impl FnOnce(&mut S) -> Option<&'static str>) {
        let mut next = self.state.clone();
        if let Some(what) = step(&mut next) {
            self.all.push(((who as u8, what), next));
        }
    }

    /// Returns all steps, with the states that they lead to.
    pub fn all(self) -> Vec<(Step, S)> {
        self.all
    }
}

/// A world, the steps in it, and what must not happen.
pub trait Model {
    /// The whole state at one moment.
    type State: Clone + Hash;

    /// The first state.
    fn start(&self) -> Self::State;

    /// The steps that are possible in a state, with the states that they lead to.
    fn steps(&self, state: &Self::State) -> Vec<(Step, Self::State)>;

    /// What is wrong with a state. `last`: no step is possible in it.
    fn wrong(&self, state: &Self::State, last: bool) -> Option<String>;
}

/// The result of an exploration.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The number of states that were seen: all of them, unless there is a violation.
    pub states: usize,
    /// The number of steps between them.
    pub steps: usize,
    /// What is wrong in the nearest bad state, and the steps that led to it.
    pub violation: Option<String>,
}

/// Takes every possible step from every state.
#[must_use]
pub fn explore(model: &impl Model) -> Outcome {
    let start = model.start();
    let mut seen = HashSet::from([fingerprint(&start)]);
    // The state that each came from, and the step between them.
    let mut origins: Vec<(usize, Step)> = vec![(0, (0, ""))];
    let mut queue = VecDeque::from([(0, start)]);
    let mut steps = 0;
    while let Some((at, state)) = queue.pop_front() {
        let next = model.steps(&state);
        if let Some(wrong) = model.wrong(&state, next.is_empty()) {
            return Outcome {
                states: seen.len(),
                steps,
                violation: Some(format!("{wrong}, after\n{}", story(&origins, at))),
            };
        }
        for (step, state) in next {
            steps += 1;
            if seen.insert(fingerprint(&state)) {
                queue.push_back((origins.len(), state));
                origins.push((at, step));
            }
        }
    }
    Outcome {
        states: seen.len(),
        steps,
        violation: None,
    }
}

/// 128 bits that stand for a state. That two of a million states have the same ones is
/// less likely than a fault of this machine.
fn fingerprint(state: &impl Hash) -> (u64, u64) {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        state.hash(&mut hasher);
        hasher.finish()
    };
    (half(0), half(1))
}

/// The steps that led to a state, one a line.
fn story(origins: &[(usize, Step)], mut at: usize) -> String {
    let mut lines = Vec::new();
    while at != 0 {
        let (from, (who, what)) = origins[at];
        lines.push(format!("  {who}: {what}"));
        at = from;
    }
    lines.reverse();
    lines.join("\n")
}
