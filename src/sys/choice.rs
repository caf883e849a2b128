// SPDX-License-Identifier: GPL-2.0

//! What the gate is told of the sources that were chosen, so that it gives the same to other
//! sockets.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use core::net::Ipv4Addr;

use super::raw;
use super::sock::SkRef;

/// The state of all that the choice of a source depends on, besides the socket and the
/// destination: routes, addresses of the host, the sets of associations.
#[derive(Clone, Copy)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The present state. To be read before a source is chosen. Context: any.
    pub(crate) fn of(sk: SkRef<'_>) -> Self {
        // SAFETY: By the invariants of `SkRef` the socket is valid.
        Self(unsafe { raw::acf_gate_choice_stamp(sk.as_ptr()) })
    }

    /// Tells the gate the source that was chosen for a destination, so that it gives the same to
    /// other sockets of the association until the state changes. Context: process.
    pub(crate) fn remember(self, sk: SkRef<'_>, to: Ipv4Addr, source: Ipv4Addr) {
        let (to, source) = (to.octets(), source.octets());
        // SAFETY: By the invariants of `SkRef` the socket is valid. The gate reads four bytes of
        // each array.
        unsafe {
            raw::acf_gate_remember_choice(
                sk.as_ptr(),
                to.as_ptr().cast(),
                source.as_ptr().cast(),
                self.0,
            )
        };
    }
}

/// Makes the gate forget all sources that were chosen: a set was changed. Context: any.
pub(crate) fn forget() {
    // SAFETY: It has no requirements: it changes a counter.
    unsafe { raw::acf_gate_forget_choices() };
}
