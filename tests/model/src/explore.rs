// SPDX-License-Identifier: GPL-2.0

//! Every state that can be reached, each looked at once, the nearest first.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};

use crate::scenario::{Scenario, State, Step};

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
pub fn explore(scenario: &Scenario) -> Outcome {
    let start = scenario.start();
    let mut seen = HashSet::from([fingerprint(&start)]);
    // From which state each came, and by what.
    let mut origins: Vec<(usize, Step)> = vec![(0, (0, ""))];
    let mut queue = VecDeque::from([(0, start)]);
    let mut steps = 0;
    while let Some((at, state)) = queue.pop_front() {
        let next = scenario.steps(&state);
        if let Some(wrong) = scenario.wrong(&state, next.is_empty()) {
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
fn fingerprint(state: &State) -> (u64, u64) {
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
