// SPDX-License-Identifier: GPL-2.0

//! Checks in the protocol stack: which addresses a socket stands for, and a last check of every
//! packet of associated sockets, whatever its path. Outgoing packets are checked when the stack has
//! made them, before netfilter sees them, and incoming ones when they are put into a socket: before
//! that, the socket of a packet is not known.
//!
//! For an unassociated socket the last check reads one word.

mod output;
mod scopes;
mod stack;

pub(crate) use scopes::Scopes;
pub(crate) use stack::Stack;
