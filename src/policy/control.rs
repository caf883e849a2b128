// SPDX-License-Identifier: GPL-2.0

//! Control messages that choose a source (`IP_PKTINFO` and `IPV6_PKTINFO`) or a route
//! (source routes, extension headers, marks).
//!
//! Layouts: `struct cmsghdr` (`include/linux/socket.h`), `struct in_pktinfo`
//! (`include/uapi/linux/in.h`), `struct in6_pktinfo`
//! (`include/uapi/linux/ipv6.h`), on a 64-bit kernel.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::owner::Owner;

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const IP_PKTINFO: i32 = 8;
const SOL_IPV6: i32 = 41;
const IPV6_PKTINFO: i32 = 50;
const IPV6_2292PKTINFO: i32 = 2;
const IP_RETOPTS: i32 = 7;
const SO_MARK: i32 = 36;
// IPV6_2292HOPOPTS, _2292DSTOPTS, _2292RTHDR, IPV6_HOPOPTS, _RTHDRDSTOPTS,
// _RTHDR, _DSTOPTS
const IPV6_HEADERS: [i32; 7] = [3, 4, 5, 54, 55, 57, 59];

const HEADER: usize = 16;
const ALIGN: usize = 8;

/// Whether the association owns every source that the control messages in `bytes` ask
/// for. A malformed message is left to the protocol, which refuses it.
#[must_use]
pub fn sources_allowed(owner: &Owner<'_>, bytes: &[u8]) -> bool {
    messages(bytes)
        .filter_map(|message| message.source())
        .all(|addr| addr.to_canonical().is_unspecified() || owner.owns(addr))
}

/// Whether a control message in `bytes` asks for a source route, an extension header
/// or a mark: each can lead a packet over another route.
#[must_use]
pub fn routed(bytes: &[u8]) -> bool {
    messages(bytes).any(|message| match (message.level, message.kind) {
        (SOL_IP, IP_RETOPTS) | (SOL_SOCKET, SO_MARK) => true,
        (SOL_IPV6, kind) => IPV6_HEADERS.contains(&kind),
        _ => false,
    })
}

struct Message<'a> {
    level: i32,
    kind: i32,
    data: &'a [u8],
}

impl Message<'_> {
    /// The source it asks for, if any.
    fn source(&self) -> Option<IpAddr> {
        match (self.level, self.kind) {
            (SOL_IP, IP_PKTINFO) => field::<4>(self.data, 4).map(|a| Ipv4Addr::from(a).into()),
            (SOL_IPV6, IPV6_PKTINFO | IPV6_2292PKTINFO) => {
                field::<16>(self.data, 0).map(|a| Ipv6Addr::from(a).into())
            }
            _ => None,
        }
    }
}

/// The messages in `bytes`, up to the first malformed one.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    core::iter::from_fn(move || {
        let (message, rest) = next(bytes)?;
        bytes = rest;
        Some(message)
    })
}

/// The first message, and the bytes after it. `None` at the end.
fn next(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let len = usize::try_from(u64::from_ne_bytes(field(bytes, 0)?)).ok()?;
    let level = i32::from_ne_bytes(field(bytes, 8)?);
    let kind = i32::from_ne_bytes(field(bytes, 12)?);
    let data = bytes.get(HEADER..len)?;
    let end = len.checked_next_multiple_of(ALIGN)?;
    let message = Message { level, kind, data };
    Some((message, bytes.get(end..).unwrap_or(&[])))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
