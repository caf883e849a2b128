// SPDX-License-Identifier: GPL-2.0

//! Packets of associated sockets on their way out: whatever path they took,
//! none leaves with a source that is not the association's, and those that
//! stay on this host carry its id. Any context but hard interrupts; never
//! sleeps.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, Outgoing, Sender};
use crate::sys::packet::{Output, OutputHook};
use crate::sys::sock::SkRef;
use crate::table::sockets;

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
        let association = sockets::association_of(sk)?;
        let sender = match sk.info()? {
            info if !info.stream => Sender::Message,
            info if info.opening => Sender::Opening,
            _ => Sender::Answering,
        };
        let packet = Outgoing {
            source,
            destination,
            loops,
        };
        let guard = rcu::read_lock();
        let permitted = policy::sends(&association.owner(&guard), sender, &packet);
        permitted.then(|| association.id())
    }
}
