// SPDX-License-Identifier: GPL-2.0

//! The check of each packet that an associated socket sends. No packet leaves with a source that
//! the association neither owns nor, on a connection, owned before, whatever path it took.
//!
//! Context: any but hard interrupts, never sleeps.

use kernel::sync::rcu;

use crate::events::Operation;
use crate::policy::{self, Outgoing, Refusal, Sender};
use crate::sys::gate::Sent;
use crate::sys::sock::{SkRef, Traffic};
use crate::table::{sockets, Association};

/// Decides whether `sk` sends a packet, and tells of it if not.
///
/// # Errors
///
/// Why it does not.
pub(super) fn send(sk: SkRef<'_>, packet: Sent) -> Result<(), Refusal> {
    let Some(association) = sockets::association_of(sk) else {
        return Err(Refusal::PacketSource);
    };
    let verdict = if packet.is_led {
        Err(Refusal::PacketLed)
    } else if may_send(sk, &association, packet) {
        Ok(())
    } else {
        Err(Refusal::PacketSource)
    };
    if let Err(refusal) = verdict {
        let to = packet.destination.to_canonical();
        let subject = association.subject();
        subject.is_refused(Operation::PacketOut, refusal, Some((to, 0)));
    }
    verdict
}

fn may_send(sk: SkRef<'_>, association: &Association, packet: Sent) -> bool {
    let sender = match sk.traffic() {
        Traffic::Messages => Sender::Message,
        Traffic::Opening => Sender::Opening,
        Traffic::Answers | Traffic::Connection => Sender::Answering,
    };
    let outgoing = Outgoing {
        source: packet.source,
        destination: packet.destination,
        loops: packet.loops,
    };
    let guard = rcu::read_lock();
    policy::sends(&association.owner(&guard), sender, &outgoing)
}
