// SPDX-License-Identifier: GPL-2.0

//! A model of which task is a member of which association, small enough to try every
//! interleaving of forks, clones, exits and control calls.
//!
//! The protocol itself is `src/protocol`, which the kernel module runs too. Here each of
//! its steps is one access to a small world (`Run::step`). `fork`, `assign`, `into`, `release`,
//! `narrow` and `exec` implement its traits; `map` stands for the table, `association` for what
//! decides which of its entries count, and `task` for the lists of tasks. `world` is the state
//! that all programs share, and `check` is what must always hold. `explore` takes every possible
//! step from every state that can be reached. Two administrators make calls while threads narrow
//! their process, or a task becomes a member by a rule as it executes a program. `tree`, `search`, `known` and
//! `join` have worlds of their own: for the descendants that `assign --tree` takes in, for the
//! search of `assign`, for what the gate knows of a task, and for processes that join an
//! association that is there. `rescan` models a way that was
//! not taken.
//!
//! A test leaves out a part of the code through the world: for example, a wait returns at
//! once, or a second look finds nothing.
//!
//! In the model every write is visible to all at once. The code needs the following to be
//! as safe: `tasklist_lock` orders what `catch_up` reads after what was written before
//! `wait_for_clones`, and a full barrier separates the insertion of an entry from the check
//! whether its association has ended. The model leaves out sets and their updates, sockets,
//! failed allocations, time limits, unloading, and `execve` by a process of several threads.

mod assign;
mod association;
mod check;
mod control;
mod entry;
mod exec;
mod explore;
mod fork;
mod into;
mod join;
mod known;
mod map;
mod moving;
mod narrow;
mod release;
mod rescan;
mod run;
mod scenario;
mod search;
mod task;
mod tree;
mod without;
mod world;

pub use control::Call;
pub use explore::{explore, Model, Outcome, Step};
pub use join::{Joining, Unjoined};
pub use known::{Known, Unknown};
pub use rescan::Rescan;
pub use scenario::Scenario;
pub use search::{Search, Unsearched};
pub use tree::{Tree, Unfollowed};
pub use without::Without;
