// SPDX-License-Identifier: GPL-2.0

//! A model of who is associated with what (`src/table`, `src/lsm/task.rs`,
//! `kernel/patches/0003`), small enough to try every interleaving of forks,
//! clones, exits and control calls.
//!
//! `fork`, `control`, `narrow`, `task` and `map` are the code again, function by
//! function and with its names, where each access to what is shared is one
//! `Run::step`. `explore` takes every step that anybody could take next, from every state that can be
//! reached. `world` is what is shared, and `check` what must always hold. Two
//! administrators make calls, and a thread narrows its process, all at once. `tree` and
//! `search` are worlds of their own: for descendants, and for what comes last when a
//! process is associated.
//!
//! Memory is as if everybody saw every write at once: what the code relies on
//! beyond that is that `tasklist_lock` orders what `catch_up` reads after what
//! was written before `wait_for_clones`, as every lock does, and full barriers
//! between an entry and the look whether its association has ended. Not in the
//! model: sets and their updates, sockets, want of memory, unloading, and `execve`
//! by a thread that is not the first.

mod check;
mod control;
mod explore;
mod fork;
mod map;
mod narrow;
mod run;
mod scenario;
mod search;
mod task;
mod tree;
mod world;

pub use control::Call;
pub use explore::{explore, Model, Outcome, Step};
pub use scenario::{Scenario, Without};
pub use search::{Search, Unsearched};
pub use tree::{Tree, Unfollowed};
