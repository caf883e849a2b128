// SPDX-License-Identifier: GPL-2.0

//! Checks in the protocol stack: which addresses a socket stands for, and a last check of every
//! packet of associated sockets, whatever its path. Outgoing packets are checked in netfilter's
//! `LOCAL_OUT`, and incoming ones when they are put into a socket: in `LOCAL_IN` the socket of a
//! packet is not known yet.
//!
//! For an unassociated socket the last check reads one word.

mod output;
mod scopes;
mod stack;

pub(crate) use output::Backstop;
pub(crate) use scopes::Scopes;
pub(crate) use stack::Stack;
