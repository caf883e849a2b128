// SPDX-License-Identifier: GPL-2.0

//! Packets on their way out, and the mark that those carry which stay on this
//! host.
//!
//! C header: `include/linux/netfilter.h`

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::to_result;
use kernel::prelude::*;

use super::raw;
use super::sock::SkRef;

/// What is asked of this module.
pub(crate) trait Output {
    /// A socket whose slot is full sends a packet with these addresses, by the
    /// loopback interface or that of a VRF if it `loops`. Returns the mark it is
    /// to carry if it stays on this host, not 0, or `None` to drop it. Any context
    /// but hard interrupts; must not sleep.
    fn sends(sk: SkRef<'_>, source: IpAddr, destination: IpAddr, loops: bool) -> Option<u32>;
}

/// `T` is asked as long as this lives.
///
/// # Invariants
///
/// `call::<T>` is registered.
pub(crate) struct OutputHook<T: Output>(PhantomData<T>);

impl<T: Output> OutputHook<T> {
    /// Registers in every network namespace. May sleep.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: `call` fits, and is there until this is dropped.
        to_result(unsafe { raw::acf_helper_output_register(Some(call::<T>)) })?;
        // INVARIANT: Registered above.
        Ok(Self(PhantomData))
    }
}

impl<T: Output> Drop for OutputHook<T> {
    /// Sleeps until nobody is asked any more.
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is registered.
        unsafe { raw::acf_helper_output_unregister() };
    }
}

/// # Safety
///
/// `sk` is a full socket that is there for the call, and `source` and
/// `destination` point to addresses of `family`.
unsafe extern "C" fn call<T: Output>(
    sk: *const bindings::sock,
    family: c_int,
    source: *const c_void,
    destination: *const c_void,
    loops: bool,
) -> u32 {
    // SAFETY: By the function's contract.
    let Some(sk) = (unsafe { SkRef::new(sk) }) else {
        return 0;
    };
    // SAFETY: By the function's contract.
    let addresses = unsafe { (address(family, source), address(family, destination)) };
    match addresses {
        (Some(source), Some(to)) => T::sends(sk, source, to, loops).unwrap_or(0),
        _ => 0,
    }
}

/// # Safety
///
/// `at` points to an address of `family`, if that is one of the two.
pub(super) unsafe fn address(family: c_int, at: *const c_void) -> Option<IpAddr> {
    match family as u32 {
        bindings::AF_INET => {
            // SAFETY: By the function's contract; it may be misaligned.
            let bytes = unsafe { at.cast::<[u8; 4]>().read_unaligned() };
            Some(Ipv4Addr::from(bytes).into())
        }
        bindings::AF_INET6 => {
            // SAFETY: As above.
            let bytes = unsafe { at.cast::<[u8; 16]>().read_unaligned() };
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// The destination of a packet that came in; `None` when it is neither IPv4 nor
/// IPv6.
///
/// # Safety
///
/// `skb` is valid and its network header is set.
pub(super) unsafe fn destination(skb: *const bindings::sk_buff) -> Option<IpAddr> {
    let mut family = 0;
    // SAFETY: By the function's contract.
    let at = unsafe { raw::acf_helper_skb_destination(skb, &mut family) };
    NonNull::new(at.cast_mut())?;
    // SAFETY: The helper found an address of that family there.
    unsafe { address(family, at) }
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// There is no packet.
    NoPacket,
    /// A mark, or 0.
    Value(u32),
}

/// # Safety
///
/// `skb` is null or valid.
pub(super) unsafe fn mark(skb: *const bindings::sk_buff) -> Mark {
    match NonNull::new(skb.cast_mut()) {
        None => Mark::NoPacket,
        // SAFETY: By the function's contract.
        Some(skb) => Mark::Value(unsafe { raw::acf_helper_skb_mark(skb.as_ptr()) }),
    }
}
