// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers of raw bindings and C helpers, one noun a file. No other module names these.
//! Nothing here knows what an address set is.

pub(crate) mod choice;
pub(crate) mod connections;
pub(crate) mod counts;
pub(crate) mod creds;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod gate;
pub(crate) mod index;
pub(crate) mod line;
pub(crate) mod listed;
pub(crate) mod map;
pub(crate) mod membership;
pub(crate) mod module;
pub(crate) mod packet;
pub(crate) mod polled;
pub(crate) mod published;
pub(crate) mod queue;
pub(crate) mod random;
pub(crate) mod ranged;
pub(crate) mod rcu_cell;
pub(crate) mod slot;
pub(crate) mod sock;
pub(crate) mod sysfs;
pub(crate) mod task;

mod raw;
