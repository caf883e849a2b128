// SPDX-License-Identifier: GPL-2.0

//! Which task is a member of which association: an RCU hash table from tasks to
//! memberships, the list of associations by id, and the operations that change them.
//!
//! Lookups are lock-free. Context: any. Operations that change the table may sleep,
//! except forgetting a task, which never sleeps.
//!
//! From the ground up: one association ([`set`], [`tenant`], [`association`]), a task
//! ([`membership`], [`members`]), a socket ([`sockets`]); what associations hold of
//! the machine ([`registry`], [`loopback`], [`keys`], [`reserved`], [`former`], all in
//! [`holdings`]); all of these together ([`tenants`]); and the calls, one file each.

mod assign;
mod association;
mod control;
mod define;
mod delegate;
mod failure;
pub(crate) mod files;
mod fork;
mod former;
mod gather;
mod grants;
mod holdings;
mod keys;
mod known;
mod leftover;
mod limits;
mod loopback;
mod members;
mod membership;
mod narrow;
mod open_sockets;
mod patience;
mod registry;
mod release;
mod reserved;
mod rights;
mod rules;
mod set;
pub(crate) mod shown;
pub(crate) mod sockets;
pub(crate) mod source;
mod switch;
mod tenant;
mod tenants;
mod traffic;
mod update;
mod waiting;

pub(crate) use assign::{Own, Refused, Whom};
pub(crate) use association::Association;
pub(crate) use grants::Turn;
pub(crate) use leftover::Leftover;
pub(crate) use rules::{Named, NewRule, Rule};
pub(crate) use set::AddressSet;
pub(crate) use switch::InForce;
pub(crate) use tenants::{current, get, Tenants, TENANTS};
