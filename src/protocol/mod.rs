// SPDX-License-Identifier: GPL-2.0

//! The protocol by which tasks join associations and leave them, while they fork,
//! exit and narrow themselves at any moment.
//!
//! Each function takes its steps through a trait: one method is one access to what
//! several tasks share, or several that the implementation makes safe together. Two
//! implementations exist. `src/table` makes each step on the
//! kernel's tasks and the module's table. `tests/model` makes each step on a small
//! world and tries every interleaving. Both run these functions, so the protocol
//! that is checked is the protocol that runs.
//!
//! No kernel types, no allocation, no `unsafe`. A function may sleep when a method of
//! its trait may; each says so.

#![cfg_attr(not(MODULE), no_std)]
#![cfg_attr(not(MODULE), forbid(unsafe_code))]
#![cfg_attr(not(MODULE), warn(missing_docs))]

mod assign;
mod enter;
mod fork;
mod join;
mod known;
mod narrow;
mod put_back;
mod release;
mod search;
mod take_in;

pub use assign::{assign, Assign};
pub use enter::{enter, Enter};
pub use fork::{catch_up, hand_on, inherit, Fork, HandOn};
pub use join::{expel, Expel};
pub use known::{change_member, find_member, ChangeMember, FindMember};
pub use narrow::{may_list, narrow, Listing, Narrow, Width};
pub use put_back::{put_back, PutBack};
pub use release::{release_all, release_association, release_process, Release, ReleaseProcess};
pub use search::{search, Search};
pub use take_in::{take_in_process, take_in_tree, Standing, TakeIn, TakeInTree};

/// A failure that the protocol itself finds. A trait's `Stop` adds those of its world: no
/// memory in the kernel, the end of a step in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A task is a member of another association.
    Elsewhere,
    /// Every thread of the process has begun to exit.
    Exited,
    /// The process is a member of no association, or no longer is.
    NotAMember,
    /// Tasks make others faster than the call can follow.
    Outrun,
}
