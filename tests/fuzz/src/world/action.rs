// SPDX-License-Identifier: GPL-2.0

//! What the controller does and how long that takes, for whoever has to notice
//! that it hangs.

use std::sync::atomic::Ordering;

use super::{World, AT_ACTION};
use crate::sys::process::now;

/// What the controller does.
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
    /// Reads all there is to read.
    Look,
    /// Releases a tenant, or all.
    Release,
    /// Kills a tenant.
    Kill,
    /// Waits for those who watch.
    Join,
    /// Looks for what is left, and loads the module again.
    Reload,
}

/// The names of all actions, in order.
const NAMES: [&str; 9] = [
    "waiting",
    "starting",
    "assigning",
    "updating",
    "looking",
    "releasing",
    "killing",
    "joining",
    "reloading",
];

/// Which one, since when; then for each how long in total.
pub(super) const CELLS: usize = 2 + NAMES.len();

impl World {
    /// Notes what the controller is about to do.
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

    /// What that is, and since when; 0 when there is no controller yet.
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
