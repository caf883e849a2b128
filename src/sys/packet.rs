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

/// The bytes of an address as `struct in6_addr` has them: IPv4 ones are IPv4-mapped.
pub(super) fn v6_bytes(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
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

/// The source and the destination of an incoming packet; `None` when it is neither IPv4 nor IPv6.
///
/// # Safety
///
/// `skb` is a valid packet whose network header is set and in linear memory.
pub(super) unsafe fn ends(skb: *const bindings::sk_buff) -> Option<(IpAddr, IpAddr)> {
    // SAFETY: The caller promises that `skb` is valid and has its network header.
    let ends = unsafe { raw::acf_helper_skb_ends(skb) };
    // SAFETY: The helper returned the addresses in the network header, and their family.
    let (source, destination) = unsafe {
        (
            address(ends.family, ends.source),
            address(ends.family, ends.destination),
        )
    };
    source.zip(destination)
}

/// The size of a packet on the wire: the stack or the network card may split it later, or may have
/// put it together.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// As how many packets it goes there.
    pub(crate) packets: u32,
    /// Bytes of these, from the IP header on.
    pub(crate) bytes: u32,
}

/// The size of `skb`.
///
/// # Safety
///
/// `skb` is a valid packet whose network and transport headers are set.
pub(super) unsafe fn size(skb: *const bindings::sk_buff) -> Size {
    // SAFETY: The caller promises what the helper needs.
    let size = unsafe { raw::acf_helper_skb_size(skb) };
    Size {
        packets: size.packets,
        bytes: size.bytes,
    }
}

/// The mark of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// There is no packet, as in a lookup for diagnosis.
    NoPacket,
    /// The packet carries none.
    Nobody,
    /// An association with this id sent it.
    From(u32),
    /// It did so from its private loopback, for itself only.
    Inward(u32),
    /// It did so from its dedicated address, to the loopback of the host.
    Outward(u32),
}

/// The mark of `skb`.
///
/// # Safety
///
/// `skb` is null or a valid packet.
pub(super) unsafe fn mark(skb: *const bindings::sk_buff) -> Mark {
    match NonNull::new(skb.cast_mut()) {
        None => Mark::NoPacket,
        Some(skb) => {
            // SAFETY: `skb` is not null, so the caller promises that it is valid.
            let mark = unsafe { raw::acf_helper_skb_mark(skb.as_ptr()) };
            match mark.scope {
                0 => Mark::Nobody,
                id if mark.inward => Mark::Inward(id),
                id if mark.outward => Mark::Outward(id),
                id => Mark::From(id),
            }
        }
    }
}
