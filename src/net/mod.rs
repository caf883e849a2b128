// SPDX-License-Identifier: GPL-2.0

//! Checks in the protocol stack: which addresses a socket stands for, and a last check of every
//! packet of associated sockets, whatever its path. On its way out that is in netfilter's
//! `LOCAL_OUT`, on its way in where it is put into a socket. Not in `LOCAL_IN`, where the socket of
//! a packet is not known yet.
//!
//! For an unassociated socket the last check reads one word.

mod output;
mod stack;

pub(crate) use output::Backstop;
pub(crate) use stack::Stack;
