// SPDX-License-Identifier: GPL-2.0

//! Sockets on one port, and the packets that each takes: a test compares two sockets by
//! trying packets on both.

use std::net::IpAddr;

use super::super::policy::{receives, Holder, Origin};
use super::{is_any, is_own_loopback};

/// Whether a packet to `addr` matches its binding, as for any socket of any host.
#[must_use]
pub fn fits(h: &Holder<'_>, addr: IpAddr) -> bool {
    if !is_any(h.local) {
        return h.local.to_canonical() == addr;
    }
    let mapped = h.local.is_ipv6() && h.local.to_canonical().is_ipv4();
    match addr {
        IpAddr::V4(_) => h.v4,
        IpAddr::V6(_) => h.v6 && !mapped,
    }
}

/// Whether the socket takes a packet to `addr`. `reserved`: whether an association has
/// the address exclusively.
#[must_use]
pub fn takes(h: &Holder<'_>, addr: IpAddr, origin: Origin, reserved: bool) -> bool {
    fits(h, addr)
        // A timewait socket is found by the packet's source as well.
        && match (h.timewait, origin) {
            (None, _) => receives(h.owner.as_ref(), h.local, addr, origin, reserved),
            (Some(whose), Origin::Inward(id)) => whose == id,
            (Some(whose), Origin::Association(id)) if is_own_loopback(addr) => whose == id,
            (Some(whose), Origin::Outside | Origin::Outward(_)) if is_own_loopback(addr) => {
                whose == 0
            }
            (Some(_), _) => true,
        }
}

/// Whether the host's socket `h` is bound to the dedicated address of the owner of the
/// wildcard socket `wild`. A lookup finds a bound socket first, so `wild` receives
/// nothing there.
#[must_use]
pub fn hides(h: &Holder<'_>, wild: &Holder<'_>, addr: IpAddr) -> bool {
    let dedicated = wild.owner.and_then(|o| o.loopback);
    h.owner.is_none()
        && !is_any(h.local)
        && is_any(wild.local)
        && dedicated.is_some_and(|own| addr == own)
}
