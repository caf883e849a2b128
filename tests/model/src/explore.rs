// SPDX-License-Identifier: GPL-2.0

//! Every state that can be reached, each looked at once, the nearest first.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};

/// A step: who took it (the last is whoever makes control calls, or nobody),
/// and what it was.
pub type Step = (u8, &'static str);

/// What can happen next in a state.
pub struct Steps<'a, S> {
    state: &'a S,
    all: Vec<(Step, S)>,
}

impl<'a, S: Clone> Steps<'a, S> {
    /// Nothing yet.
    pub fn of(state: &'a S) -> Self {
        let all = Vec::new();
        Self { state, all }
    }

    /// Somebody can take this step, which says what it was.
    pub fn can(&mut self, who: usize, step: impl FnOnce(&mut S) -> &'static str) {
        let mut next = self.state.clone();
        let what = step(&mut next);
        self.all.push(((who as u8, what), next));
    }

    /// Somebody takes this step, unless it has to wait: then it returns `None`.
    pub fn may(&mut self, who: usize, step: impl FnOnce(&mut S) -> Option<&'static str>) {
        let mut next = self.state.clone();
        if let Some(what) = step(&mut next) {
            self.all.push(((who as u8, what), next));
        }
    }

    /// All of it.
    pub fn all(self) -> Vec<(Step, S)> {
        self.all
    }
}

/// What can happen, and must not.
pub trait Model {
    /// Everything there is at a moment.
    type State: Clone + Hash;

    /// How it begins.
    fn start(&self) -> Self::State;

    /// Everything that can happen next.
    fn steps(&self, state: &Self::State) -> Vec<(Step, Self::State)>;

    /// What is wrong with a state, which is the last one if nothing can happen.
    fn wrong(&self, state: &Self::State, last: bool) -> Option<String>;
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How many states there are; after a violation, how many were seen.
    pub states: usize,
    /// How many steps lead from one to another.
    pub steps: usize,
    /// What is wrong in the nearest bad state, and how it came to that.
    pub violation: Option<String>,
}

/// Takes every step that anybody could take next, from every state.
#[must_use]
pub fn explore(model: &impl Model) -> Outcome {
    let start = model.start();
    let mut seen = HashSet::from([fingerprint(&start)]);
    // From which state each came, and by what.
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

/// 128 bits that stand for a state: with a million of them, that two are alike
/// is less likely than a fault of this machine.
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
