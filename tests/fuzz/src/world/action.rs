// SPDX-License-Identifier: GPL-2.0

//! The controller's present action and the time spent on each, for the supervisor,
//! which reports a hang.

use std::sync::atomic::Ordering;

use super::{World, AT_ACTION};
use crate::sys::clock::now;

/// An action of the controller.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Action {
    /// Sets up or waits.
    Wait,
    /// Starts a tenant's first process.
    Start,
    /// Associates it.
    Assign,
    /// Changes a set.
    Update,
    /// Starts a process that becomes a tenant's by a rule.
    Enter,
    /// Moves processes between associations.
    Move,
    /// Grants users sets, and waits for what they make of them.
    Grant,
    /// Makes the calls that change nothing.
    Look,
    /// Releases a tenant, or all.
    Release,
    /// Kills a tenant.
    Kill,
    /// Waits for the watchers to end.
    Join,
    /// Checks that nothing is left, and loads the module again.
    Reload,
}

/// The names of all actions, in order.
const NAMES: [&str; 12] = [
    "waiting",
    "starting",
    "assigning",
    "updating",
    "entering",
    "moving",
    "granting",
    "looking",
    "releasing",
    "killing",
    "joining",
    "reloading",
];

/// Cells: the present action, since when, and the total time of each action.
pub(super) const CELLS: usize = 2 + NAMES.len();

impl World {
    /// Notes that the controller begins an action.
    pub fn note_action(&self, action: Action) {
        let (last, since) = (self.get(AT_ACTION) as usize, self.get(AT_ACTION + 1));
        let time = now();
        if since > 0 {
            let spent = &self.0[AT_ACTION + 2 + last % NAMES.len()];
            spent.fetch_add(time - since, Ordering::SeqCst);
        }
        self.set(AT_ACTION + 1, time);
        self.set(AT_ACTION, action as u64);
    }

    /// The present action, and since when; 0 before the first one.
    pub fn action(&self) -> (&'static str, u64) {
        let nr = self.get(AT_ACTION) as usize;
        (NAMES[nr % NAMES.len()], self.get(AT_ACTION + 1))
    }

    /// The seconds spent on each action so far.
    pub fn spent(&self) -> String {
        let all = NAMES.iter().enumerate();
        let spent = all.map(|(nr, name)| (name, self.get(AT_ACTION + 2 + nr) / 1_000_000_000));
        let words: Vec<_> = spent.map(|(name, time)| format!("{name} {time}")).collect();
        words.join(", ")
    }
}
