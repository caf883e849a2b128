// SPDX-License-Identifier: GPL-2.0

//! What sockets stand for in the protocol stack, and the last word on every
//! packet of theirs, whatever path it took: on its way out in netfilter's
//! `LOCAL_OUT`, on its way in where it is put into a socket. Not in
//! `LOCAL_IN`: there it is not known yet which socket a packet is for.
//!
//! For sockets of nobody each is a look at one word.

mod output;
mod stack;

pub(crate) use output::Backstop;
pub(crate) use stack::Stack;
