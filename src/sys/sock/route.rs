// SPDX-License-Identifier: GPL-2.0

//! The addresses of the host, and its routes.

use core::ffi::c_void;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::bindings;
use kernel::prelude::*;

use super::SkRef;
use crate::sys::raw;

impl SkRef<'_> {
    /// Calls `visit` with each address of a family that the socket's network namespace has, on
    /// the interface with this index or, for 0, on any, until it returns `false`. Leaves out IPv6
    /// addresses that are tentative or duplicate. `visit` runs under RCU and must not sleep.
    /// Context: any but hard interrupts.
    pub(crate) fn each_local<F: FnMut(IpAddr) -> bool>(
        self,
        v4: bool,
        interface: i32,
        mut visit: F,
    ) {
        type Call = unsafe extern "C" fn(*const u8, *mut c_void) -> bool;
        let (family, call): (_, Call) = if v4 {
            (bindings::AF_INET, call::<F, 4>)
        } else {
            (bindings::AF_INET6, call::<F, 16>)
        };
        let data: *mut F = &mut visit;
        // SAFETY: By the invariants of `SkRef` the socket is valid. The helper calls `call` with
        // addresses of its family and `data`, a pointer to `visit` that nothing else uses
        // meanwhile, and only until it returns.
        unsafe {
            raw::acf_helper_each_local(
                self.as_ptr(),
                family as i32,
                interface,
                Some(call),
                data.cast(),
            )
        };
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

/// Calls the `F` at `data` with the address of `N` bytes at `address`, and returns what it does.
///
/// # Safety
///
/// Until this returns, `data` points to an `F` that nothing else uses, and `address` to `N` bytes.
unsafe extern "C" fn call<F: FnMut(IpAddr) -> bool, const N: usize>(
    address: *const u8,
    data: *mut c_void,
) -> bool
where
    [u8; N]: Into<IpAddr>,
{
    // SAFETY: `data` is that of `each_local`, which points to the `F` of this `call::<F, N>`.
    let visit = unsafe { &mut *data.cast::<F>() };
    // SAFETY: The helper passes an address of `N` bytes, which RCU keeps until this returns.
    let bytes = unsafe { address.cast::<[u8; N]>().read_unaligned() };
    visit(bytes.into())
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
