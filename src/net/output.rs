// SPDX-License-Identifier: GPL-2.0

//! Packets of associated sockets on their way out: whatever path they took,
//! none leaves with a source that is not the association's, and those that
//! stay on this host carry its id. Any context but hard interrupts; never
//! sleeps.

use kernel::sync::rcu;

use crate::policy::{self, Outgoing, Sender};
use crate::sys::sock::SkRef;
use crate::table::sockets;

/// What a packet of `sk` is to carry; `None` to drop it.
pub(super) fn check(sk: SkRef<'_>, packet: &Outgoing) -> Option<u32> {
    let association = sockets::association_of(sk)?;
    let sender = match sk.info()? {
        info if !info.stream => Sender::Message,
        info if info.opening => Sender::Opening,
        _ => Sender::Answering,
    };
    let guard = rcu::read_lock();
    let owner = association.owner(&guard);
    policy::sends(&owner, sender, packet).then(|| association.id())
}
