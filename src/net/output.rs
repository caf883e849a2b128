// SPDX-License-Identifier: GPL-2.0

//! Packets of associated sockets on their way out: whatever path they took,
//! none leaves with a source that is not the association's, and those that
//! stay on this host carry its id. Any context but hard interrupts; never
//! sleeps.

use core::net::IpAddr;

use kernel::sync::rcu;

use crate::sys::sock::SkRef;
use crate::table::sockets;

/// What a packet of `sk` is to carry; `None` to drop it.
pub(super) fn check(sk: SkRef<'_>, source: IpAddr, destination: IpAddr) -> Option<u32> {
    // Whoever got it at another address would take it for its own loopback.
    if source.is_loopback() && !destination.is_loopback() {
        return None;
    }
    let association = sockets::association_of(sk)?;
    let guard = rcu::read_lock();
    let owner = association.owner(&guard);
    // A connection on an address that left the set goes on.
    let connected = || sk.info().is_some_and(|info| info.stream && info.connected);
    let allowed = owner.owns(source) || (owner.owns_or_owned(source) && connected());
    allowed.then(|| association.id())
}
