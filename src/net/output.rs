// SPDX-License-Identifier: GPL-2.0

//! Packets of associated sockets on their way out. Whatever its path, no packet leaves with a
//! source that the association neither owns nor, on a connection, owned before. Packets that stay
//! on this host carry the id of the association.
//!
//! Context: any but hard interrupts, never sleeps.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, Outgoing, Sender};
use crate::sys::packet::{Output, OutputHook};
use crate::sys::sock::{SkRef, Traffic};
use crate::table::sockets;

/// Keeps packets checked and marked on their way out.
pub(crate) struct Backstop(OutputHook<Packets>);

impl Backstop {
    /// Begins in every network namespace. `EBUSY` when it is in force already, `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new() -> Result<Self> {
        OutputHook::new().map(Self)
    }
}

/// The rules for packets on their way out.
enum Packets {}

impl Output for Packets {
    fn sends(sk: SkRef<'_>, source: IpAddr, destination: IpAddr, loops: bool) -> Option<u32> {
        let association = sockets::association_of(sk)?;
        let sender = match sk.traffic() {
            Traffic::Messages => Sender::Message,
            Traffic::Opening => Sender::Opening,
            Traffic::Answers | Traffic::Connection => Sender::Answering,
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
