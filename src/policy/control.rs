// SPDX-License-Identifier: GPL-2.0

//! Control messages that choose a source: `IP_PKTINFO` and `IPV6_PKTINFO`.
//!
//! Layouts: `struct cmsghdr` (`include/linux/socket.h`), `struct in_pktinfo`
//! (`include/uapi/linux/in.h`), `struct in6_pktinfo`
//! (`include/uapi/linux/ipv6.h`), on a 64-bit kernel.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::owner::Owner;

const SOL_IP: i32 = 0;
const IP_PKTINFO: i32 = 8;
const SOL_IPV6: i32 = 41;
const IPV6_PKTINFO: i32 = 50;
const IPV6_2292PKTINFO: i32 = 2;

const HEADER: usize = 16;
const ALIGN: usize = 8;

/// Whether every source that the control messages in `bytes` ask for is the
/// association's. What is malformed is left to the protocol, which refuses it.
#[must_use]
pub fn sources_allowed(owner: &Owner<'_>, mut bytes: &[u8]) -> bool {
    while let Some((source, rest)) = next(bytes) {
        if let Some(addr) = source {
            if !addr.to_canonical().is_unspecified() && !owner.owns(addr) {
                return false;
            }
        }
        bytes = rest;
    }
    true
}

/// The source the first message asks for, if any, and what follows it. `None`
/// at the end.
fn next(bytes: &[u8]) -> Option<(Option<IpAddr>, &[u8])> {
    let len = usize::try_from(u64::from_ne_bytes(field(bytes, 0)?)).ok()?;
    let level = i32::from_ne_bytes(field(bytes, 8)?);
    let kind = i32::from_ne_bytes(field(bytes, 12)?);
    let data = bytes.get(HEADER..len)?;
    let source = match (level, kind) {
        (SOL_IP, IP_PKTINFO) => field::<4>(data, 4).map(|a| Ipv4Addr::from(a).into()),
        (SOL_IPV6, IPV6_PKTINFO | IPV6_2292PKTINFO) => {
            field::<16>(data, 0).map(|a| Ipv6Addr::from(a).into())
        }
        _ => None,
    };
    let end = len.checked_next_multiple_of(ALIGN)?;
    Some((source, bytes.get(end..).unwrap_or(&[])))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
