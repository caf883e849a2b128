// SPDX-License-Identifier: GPL-2.0

//! The check of each packet that an associated socket sends. No packet leaves with a source that
//! the association neither owns nor, on a connection, owned before, whatever path it took. A packet
//! that stays on this host carries the id of the association.
//!
//! Context: any but hard interrupts, never sleeps.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, Outgoing, Sender};
use crate::sys::packet::{Output, OutputHook};
use crate::sys::sock::{SkRef, Traffic};
use crate::table::sockets;

/// Checks and marks sent packets as long as it lives.
pub(crate) struct Backstop(OutputHook<Packets>);

impl Backstop {
    /// Begins in every network namespace. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when it is in force already, `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        OutputHook::new().map(Self)
    }
}

/// The rules for sent packets.
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
