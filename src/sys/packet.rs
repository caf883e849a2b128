// SPDX-License-Identifier: GPL-2.0

//! Packets that sockets of this host send, and the mark on those that stay on it.
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

/// The check of sent packets.
pub(crate) trait Output {
    /// `sk`, whose slot is full, sends a packet with these addresses; `loops` says whether it
    /// leaves through the loopback interface or that of a VRF. Returns the mark that the packet
    /// carries as long as it stays on this host, never 0, or `None` to drop it.
    /// Context: any but hard interrupts, never sleeps.
    fn sends(sk: SkRef<'_>, source: IpAddr, destination: IpAddr, loops: bool) -> Option<u32>;
}

/// Keeps the check of `T` registered.
///
/// # Invariants
///
/// `call::<T>` is registered, and this alone keeps it so.
pub(crate) struct OutputHook<T: Output>(PhantomData<T>);

impl<T: Output> OutputHook<T> {
    /// Registers the check in every network namespace. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when there is one already, `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The C file calls `call::<T>` as its contract says, and not after `drop` has
        // returned, which comes before the module is unloaded, nor after this has failed.
        to_result(unsafe { raw::acf_helper_output_register(Some(call::<T>)) })?;
        // INVARIANT: Registered above; the C file takes only one.
        Ok(Self(PhantomData))
    }
}

impl<T: Output> Drop for OutputHook<T> {
    /// Ends the check and waits until no call is under way. Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants `call::<T>` is registered, and this alone keeps it so.
        unsafe { raw::acf_helper_output_unregister() };
    }
}

/// Calls [`Output::sends`]. Returns the mark, or 0 to drop the packet.
///
/// # Safety
///
/// Until this returns, `sk` is a valid full socket, and `source` and `destination` point to
/// addresses of `family`, which is `AF_INET` or `AF_INET6`.
unsafe extern "C" fn call<T: Output>(
    sk: *const bindings::sock,
    family: c_int,
    source: *const c_void,
    destination: *const c_void,
    loops: bool,
) -> u32 {
    // SAFETY: acf_check_output() passes a full socket. It is the sender of the packet, which
    // the stack keeps until netfilter returns, or the listener that its request refers to.
    let Some(sk) = (unsafe { SkRef::new(sk) }) else {
        return 0;
    };
    // SAFETY: acf_output_v4() and acf_output_v6() pass pointers into the IP header of a packet
    // that netfilter keeps until they return.
    let addresses = unsafe { (address(family, source), address(family, destination)) };
    match addresses {
        (Some(source), Some(to)) => T::sends(sk, source, to, loops).unwrap_or(0),
        _ => 0,
    }
}

/// The address of `family` at `at`; `None` for other families than IPv4 and IPv6.
///
/// # Safety
///
/// `at` points to an initialised address of `family`, if that is `AF_INET` or `AF_INET6`. It may
/// be misaligned.
pub(super) unsafe fn address(family: c_int, at: *const c_void) -> Option<IpAddr> {
    match family as u32 {
        bindings::AF_INET => {
            // SAFETY: The caller promises a `struct in_addr` at `at`.
            let bytes = unsafe { at.cast::<[u8; 4]>().read_unaligned() };
            Some(Ipv4Addr::from(bytes).into())
        }
        bindings::AF_INET6 => {
            // SAFETY: The caller promises a `struct in6_addr` at `at`.
            let bytes = unsafe { at.cast::<[u8; 16]>().read_unaligned() };
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// The destination of an incoming packet; `None` when it is neither IPv4 nor IPv6.
///
/// # Safety
///
/// `skb` is a valid packet whose network header is set and in linear memory.
pub(super) unsafe fn destination(skb: *const bindings::sk_buff) -> Option<IpAddr> {
    let mut family = 0;
    // SAFETY: The caller promises that `skb` is valid and has its network header.
    let at = unsafe { raw::acf_helper_skb_destination(skb, &mut family) };
    NonNull::new(at.cast_mut())?;
    // SAFETY: The helper returned the address in the network header, and set `family` to its
    // family.
    unsafe { address(family, at) }
}

/// The mark of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// There is no packet, as in a lookup for diagnosis.
    NoPacket,
    /// The mark that the packet carries, or 0.
    Value(u32),
}

/// The mark of `skb`.
///
/// # Safety
///
/// `skb` is null or a valid packet.
pub(super) unsafe fn mark(skb: *const bindings::sk_buff) -> Mark {
    match NonNull::new(skb.cast_mut()) {
        None => Mark::NoPacket,
        // SAFETY: `skb` is not null, so the caller promises that it is valid.
        Some(skb) => Mark::Value(unsafe { raw::acf_helper_skb_mark(skb.as_ptr()) }),
    }
}
