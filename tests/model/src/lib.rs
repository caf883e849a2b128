// SPDX-License-Identifier: GPL-2.0

//! A model of which task is a member of which association, small enough to try every
//! interleaving of forks, clones, exits and control calls.
//!
//! The protocol itself is `src/protocol`, which the kernel module runs too. Here each
//! of its steps is one access to a small world (`Run::step`): `fork`, `assign`, `release` and
//! `narrow` implement its traits, with `map` and `task` for the table and the lists of
//! tasks. `explore` takes every step that anybody could take next, from every state that can be
//! reached. `world` is what is shared, and `check` what must always hold. Two
//! administrators make calls, and a thread narrows its process, all at once. `tree` and
//! `search` are worlds of their own: for descendants, and for the search that ends
//! `assign`.
//!
//! A test leaves out a part of the code through the world: a wait that does not wait, a
//! second look that finds nothing.
//!
//! Memory is as if everybody saw every write at once. What the code relies on beyond that:
//! `tasklist_lock` orders what `catch_up` reads after what was written before
//! `wait_for_clones`, as every lock does, and full barriers stand between an entry and the
//! look whether its association has ended. The model leaves out sets and their updates,
//! sockets, want of memory, time limits, unloading, and `execve` by a thread that is not
//! the first.

mod assign;
mod check;
mod control;
mod explore;
mod fork;
mod map;
mod narrow;
mod release;
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
