// SPDX-License-Identifier: GPL-2.0

//! What the gate is told of the sources that were chosen, so that it gives the same to other
//! sockets.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use core::net::IpAddr;

use kernel::bindings;

use super::packet::v6_bytes;
use super::raw;
use super::sock::SkRef;

/// The state of all that the choice of a source depends on, besides the socket and the
/// destination: routes, addresses of the host, the sets of associations.
#[derive(Clone, Copy)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The present state, for destinations of the family of `to`. To be read before a source is
    /// chosen. Context: any.
    pub(crate) fn of(sk: SkRef<'_>, to: IpAddr) -> Self {
        let family = match to {
            IpAddr::V4(_) => bindings::AF_INET,
            IpAddr::V6(_) => bindings::AF_INET6,
        };
        // SAFETY: By the invariants of `SkRef` the socket is valid.
        Self(unsafe { raw::acf_gate_choice_stamp(sk.as_ptr(), family as i32) })
    }

    /// Tells the gate the source that was chosen for a destination, so that it gives the same to
    /// other sockets of the association until the state changes. Context: process.
    pub(crate) fn remember(self, sk: SkRef<'_>, to: IpAddr, source: IpAddr) {
        let (to, source) = (in6_addr(to), in6_addr(source));
        // SAFETY: By the invariants of `SkRef` the socket is valid. The addresses are local
        // variables, which the gate copies.
        unsafe { raw::acf_gate_remember_choice(sk.as_ptr(), &to, &source, self.0) };
    }
}

/// An address in the kernel's form; IPv4 ones are IPv4-mapped.
fn in6_addr(addr: IpAddr) -> bindings::in6_addr {
    let mut found = bindings::in6_addr::default();
    found.in6_u.u6_addr8 = v6_bytes(addr);
    found
}

/// Makes the gate forget all sources that were chosen: a set was changed. Context: any.
pub(crate) fn forget() {
    // SAFETY: It has no requirements: it changes a counter.
    unsafe { raw::acf_gate_forget_choices() };
}
