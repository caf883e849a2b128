// SPDX-License-Identifier: GPL-2.0

//! The addresses of the host, and its routes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;

use super::SkRef;
use crate::sys::raw;

impl SkRef<'_> {
    /// Any IPv4 address from `first` to `last` that the socket's network namespace has, on the
    /// interface with this index or, for 0, on any. Context: any but hard interrupts.
    pub(crate) fn local_v4(
        self,
        interface: i32,
        first: Ipv4Addr,
        last: Ipv4Addr,
    ) -> Option<Ipv4Addr> {
        let mut found = 0;
        // SAFETY: By the invariants of `SkRef` the socket is valid. `found` is a local variable.
        unsafe {
            raw::acf_helper_local_v4(
                self.as_ptr(),
                interface,
                first.into(),
                last.into(),
                &mut found,
            )
        }
        .then(|| found.into())
    }

    /// As [`Self::local_v4`], for IPv6. Leaves out addresses that are tentative or duplicate.
    pub(crate) fn local_v6(
        self,
        interface: i32,
        first: Ipv6Addr,
        last: Ipv6Addr,
    ) -> Option<Ipv6Addr> {
        let (first, last, mut found) = (first.octets(), last.octets(), [0; 16]);
        // SAFETY: By the invariants of `SkRef` the socket is valid. The arrays are local variables
        // of sixteen bytes, as many as the helper reads and writes.
        unsafe {
            raw::acf_helper_local_v6(
                self.as_ptr(),
                interface,
                first.as_ptr(),
                last.as_ptr(),
                found.as_mut_ptr(),
            )
        }
        .then(|| found.into())
    }

    /// The source address that the route to `to` prefers, and the index of the interface through
    /// which it leaves. `None` when there is no route. Context: process, may sleep.
    pub(crate) fn route(self, to: IpAddr) -> Option<(IpAddr, i32)> {
        let mut interface = 0;
        match to {
            IpAddr::V4(to) => {
                let mut source = 0;
                // SAFETY: By the invariants of `SkRef` the socket is valid. The results go to local
                // variables.
                let found = unsafe {
                    raw::acf_helper_route_v4(self.as_ptr(), to.into(), &mut source, &mut interface)
                };
                found.then(|| (Ipv4Addr::from(source).into(), interface))
            }
            IpAddr::V6(to) => {
                let (to, mut source) = (to.octets(), [0; 16]);
                // SAFETY: By the invariants of `SkRef` the socket is valid. The arrays are local
                // variables of sixteen bytes, as many as the helper reads and writes.
                let found = unsafe {
                    raw::acf_helper_route_v6(
                        self.as_ptr(),
                        to.as_ptr(),
                        source.as_mut_ptr(),
                        &mut interface,
                    )
                };
                found.then(|| (Ipv6Addr::from(source).into(), interface))
            }
        }
    }
}

/// The IPv4 addresses from `first` to `last`, in host order, to which a TCP or UDP socket is bound,
/// or that an interface of the caller's network namespace has. Some may be there more than once.
/// Context: process, may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn ipv4_addresses_in_use(first: u32, last: u32) -> Result<KVVec<u32>> {
    let mut room = 16_usize;
    loop {
        let mut found = KVVec::<u32>::with_capacity(room, GFP_KERNEL)?;
        // SAFETY: The vector has room for `room` numbers, and the helper writes at most that many.
        // It uses the network namespace of the running task: control calls have one.
        let count = unsafe {
            raw::acf_helper_addrs_in_use(first, last, found.as_mut_ptr(), room.try_into()?)
        } as usize;
        // SAFETY: The helper initialised `count` elements, or `room` if that is less.
        unsafe { found.inc_len(count.min(room)) };
        if count <= room {
            return Ok(found);
        }
        room = count.checked_mul(2).ok_or(ENOMEM)?;
    }
}
