// SPDX-License-Identifier: GPL-2.0

//! Packets that sockets of this host send and receive, and the mark on those that stay on it.
//!
//! C header: `include/linux/skbuff.h`

use core::ffi::{c_int, c_void};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ptr::NonNull;

use kernel::bindings;

use super::raw;

/// Whether a packet that `sk` sends is to be dropped for its headers or its protocol.
///
/// # Safety
///
/// `sk` is a valid full socket, and `skb` a valid packet of `family`, `AF_INET` or `AF_INET6`, with
/// its IP header.
pub(super) unsafe fn is_led(
    sk: *const bindings::sock,
    skb: *const bindings::sk_buff,
    family: c_int,
) -> bool {
    // SAFETY: The caller promises what the helper needs.
    unsafe { raw::acf_helper_skb_is_led(skb, sk, family) }
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
