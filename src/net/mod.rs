// SPDX-License-Identifier: GPL-2.0

//! What sockets stand for in the protocol stack, and the last word on every
//! packet of theirs, whatever path it took: on its way out in netfilter's
//! `LOCAL_OUT`, on its way in where it is put into a socket. Not in
//! `LOCAL_IN`: there it is not known yet which socket a packet is for.
//!
//! For sockets of nobody each is a look at one word.

mod input;
mod output;
mod scope;

pub(crate) use input::delivers;
pub(crate) use scope::{compare, receives};

use core::net::IpAddr;

use kernel::prelude::*;

use crate::policy::Outgoing;
use crate::sys::packet::{Output, OutputHook};
use crate::sys::sock::SkRef;

/// Packets are checked and marked on their way out as long as this lives.
pub(crate) struct Backstop(OutputHook<Packets>);

impl Backstop {
    /// Begins, in every network namespace. May sleep.
    pub(crate) fn new() -> Result<Self> {
        OutputHook::new().map(Self)
    }
}

enum Packets {}

impl Output for Packets {
    fn sends(sk: SkRef<'_>, source: IpAddr, destination: IpAddr, loops: bool) -> Option<u32> {
        let packet = Outgoing {
            source,
            destination,
            loops,
        };
        output::check(sk, &packet)
    }
}
