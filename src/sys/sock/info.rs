// SPDX-License-Identifier: GPL-2.0

//! The addresses, kind and state of sockets.
//!
//! C header: `include/net/inet_sock.h`

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::bindings;

use crate::sys::raw;

// include/uapi/linux/in.h, in6.h
const IPPROTO_ICMP: i32 = 1;
const IPPROTO_ICMPV6: i32 = 58;

/// The addresses and state of an IPv4 or IPv6 socket. Unless it is `full`, the fields from
/// `stream` to `opening` are `false`, and `source` is unspecified.
#[derive(Clone, Copy)]
pub(crate) struct SocketInfo {
    /// Its family is `AF_INET6`.
    pub(crate) is_v6: bool,
    /// It is neither a timewait nor a request socket.
    pub(crate) full: bool,
    /// For a timewait socket: the scope of the connection, as [`SkRef::set_scope`] told it.
    ///
    /// [`SkRef::set_scope`]: super::SkRef::set_scope
    pub(crate) timewait: Option<u32>,
    /// `IPV6_V6ONLY` is set.
    pub(crate) v6only: bool,
    /// Its type is `SOCK_STREAM`.
    pub(crate) stream: bool,
    /// It has a local port.
    pub(crate) has_port: bool,
    /// It is connected, or asks for a connection.
    pub(crate) connected: bool,
    /// It asks for a connection.
    pub(crate) opening: bool,
    /// The address on which it receives.
    pub(crate) local: IpAddr,
    /// The address from which it sends.
    pub(crate) source: IpAddr,
    /// The address to which it is connected, or the unspecified one.
    pub(crate) remote: IpAddr,
}

/// The kind of a socket of any family.
#[derive(Clone, Copy)]
pub(crate) struct SocketKind {
    /// `AF_INET` and so on.
    pub(crate) family: i32,
    /// `SOCK_STREAM` and so on.
    pub(crate) kind: i32,
    /// `IPPROTO_TCP` and so on.
    pub(crate) protocol: i32,
    /// The kernel made it for itself, as for a network file system.
    pub(crate) kernel: bool,
}

impl SocketKind {
    /// Whether it is an Internet socket that is raw, or for ICMP echo (ping).
    pub(crate) fn is_raw(&self) -> bool {
        self.is_internet()
            && (self.kind == bindings::sock_type_SOCK_RAW as i32
                || [IPPROTO_ICMP, IPPROTO_ICMPV6].contains(&self.protocol))
    }

    /// Whether its family is `AF_INET6`.
    pub(crate) fn is_v6(&self) -> bool {
        self.family as u32 == bindings::AF_INET6
    }

    /// Whether it is IPv4 or IPv6.
    pub(crate) fn is_internet(&self) -> bool {
        [bindings::AF_INET, bindings::AF_INET6].contains(&(self.family as u32))
    }
}

impl SocketInfo {
    /// Whether it is connected, and does not only ask for a connection.
    pub(crate) fn is_established(&self) -> bool {
        self.connected && !self.opening
    }

    /// The addresses and state of `sk`; `None` when it is neither IPv4 nor IPv6.
    ///
    /// # Safety
    ///
    /// `sk` is a valid full, timewait or request socket until this returns.
    pub(in crate::sys) unsafe fn read(sk: *const bindings::sock) -> Option<Self> {
        let mut raw = raw::acf_sock_info {
            family: 0,
            full: false,
            timewait: false,
            timewait_scope: 0,
            v6only: false,
            stream: false,
            connected: false,
            opening: false,
            has_port: false,
            local: [0; 16],
            source: [0; 16],
            remote: [0; 16],
        };
        // SAFETY: The caller promises that `sk` is valid. `raw` is a local variable.
        if !unsafe { raw::acf_helper_sk_info(sk, &mut raw) } {
            return None;
        }
        Some(Self::from_raw(&raw))
    }

    /// What acf_helper_sk_info() found.
    pub(in crate::sys) fn from_raw(raw: &raw::acf_sock_info) -> Self {
        let is_v6 = u32::from(raw.family) == bindings::AF_INET6;
        let address = |bytes: [u8; 16]| -> IpAddr {
            if is_v6 {
                Ipv6Addr::from(bytes).into()
            } else {
                let [a, b, c, d, ..] = bytes;
                Ipv4Addr::new(a, b, c, d).into()
            }
        };
        Self {
            is_v6,
            full: raw.full,
            timewait: raw.timewait.then_some(raw.timewait_scope),
            v6only: raw.v6only,
            stream: raw.stream,
            connected: raw.connected,
            opening: raw.opening,
            has_port: raw.has_port,
            local: address(raw.local),
            source: address(raw.source),
            remote: address(raw.remote),
        }
    }
}
