// SPDX-License-Identifier: GPL-2.0

//! Packets on their way into associated sockets: however a socket was found
//! (by a lookup, an early demux, a BPF program, a cached reference), none gets
//! one for an address that is not the association's. Softirq, or with the
//! socket locked; never sleeps.

use core::net::IpAddr;

use kernel::sync::rcu;

use crate::policy::{self, Found};
use crate::sys::packet::Mark;
use crate::sys::sock::SkRef;
use crate::table::sockets;

/// Whether `sk` gets a packet to `addr`.
pub(crate) fn delivers(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool {
    let Some(association) = sockets::association_of(sk) else {
        return true;
    };
    let found = match sk.info() {
        Some(info) if info.stream && info.is_established() => Found::Connection,
        _ => Found::Unconnected,
    };
    let guard = rcu::read_lock();
    let owner = association.owner(&guard);
    policy::delivers(&owner, found, addr, super::scope::origin(mark))
}
