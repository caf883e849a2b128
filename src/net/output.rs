// SPDX-License-Identifier: GPL-2.0

//! The check of each packet that an associated socket sends. No packet leaves with a source that
//! the association neither owns nor, on a connection, owned before, whatever path it took.
//!
//! Context: any but hard interrupts, never sleeps.

use core::net::IpAddr;

use kernel::sync::rcu;

use crate::policy::{self, Outgoing, Sender};
use crate::sys::sock::{SkRef, Traffic};
use crate::table::sockets;

/// Whether `sk` may send a packet with these addresses.
pub(super) fn sends(sk: SkRef<'_>, source: IpAddr, destination: IpAddr, loops: bool) -> bool {
    let Some(association) = sockets::association_of(sk) else {
        return false;
    };
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
    policy::sends(&association.owner(&guard), sender, &packet)
}
