// SPDX-License-Identifier: GPL-2.0

//! Associations as text: for people (`table.rs`) and for programs (`json.rs`).

pub mod json;
pub mod table;
#[cfg(test)]
mod tests;
mod view;

use crate::client::Association;

/// What ending every association came to.
#[derive(Clone, Debug)]
pub struct Flushed {
    /// How many associations there were.
    pub found: usize,
    /// How many of them there are no more.
    pub ended: usize,
    /// How many tasks that released.
    pub task_count: u64,
    /// The associations that are left.
    pub left: Vec<Association>,
}

/// An association with the command names of its processes.
#[derive(Clone, Debug)]
pub struct Detail {
    /// What the module says.
    pub association: Association,
    /// The processes with their command names, where those could be read.
    pub processes: Vec<(i32, Option<String>)>,
}
