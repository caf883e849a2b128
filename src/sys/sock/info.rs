// SPDX-License-Identifier: GPL-2.0

//! What a socket is.
//!
//! C header: `include/net/inet_sock.h`

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::bindings;

use crate::sys::raw;

// include/uapi/linux/in.h, in6.h
const IPPROTO_ICMP: i32 = 1;
const IPPROTO_ICMPV6: i32 = 58;

/// What a socket of family `AF_INET` or `AF_INET6` is.
#[derive(Clone, Copy)]
pub(crate) struct SocketInfo {
    /// It is of family `AF_INET6`.
    pub(crate) is_v6: bool,
    /// It is neither a timewait nor a request socket.
    pub(crate) full: bool,
    /// Of a timewait socket: what [`gate::Hooks::sk_loopback_scope`] said when
    /// it was a connection.
    ///
    /// [`gate::Hooks::sk_loopback_scope`]: super::gate::Hooks::sk_loopback_scope
    pub(crate) timewait: Option<u32>,
    /// `IPV6_V6ONLY` is set.
    pub(crate) v6only: bool,
    /// It is of type `SOCK_STREAM`.
    pub(crate) stream: bool,
    /// It has a local port.
    pub(crate) has_port: bool,
    /// It was bound to that port, and keeps it when it is disconnected.
    pub(crate) port_kept: bool,
    /// It was bound to its address likewise.
    pub(crate) address_kept: bool,
    /// It is a connection, established or on the way.
    pub(crate) connected: bool,
    /// It asks for a connection.
    pub(crate) opening: bool,
    /// It neither is one nor listens.
    pub(crate) closed: bool,
    /// It is of a tunnel: it takes packets out of what it receives (VXLAN, FOU).
    pub(crate) tunnel: bool,
    /// The address it receives on.
    pub(crate) local: IpAddr,
    /// The address it sends from.
    pub(crate) source: IpAddr,
    /// The address it is connected to, or the unspecified one.
    pub(crate) remote: IpAddr,
}

/// What a socket of any family was made as.
#[derive(Clone, Copy)]
pub(crate) struct SocketKind {
    /// `AF_INET` and so on.
    pub(crate) family: i32,
    /// `SOCK_STREAM` and so on.
    pub(crate) kind: i32,
    /// `IPPROTO_TCP` and so on.
    pub(crate) protocol: i32,
    /// It is the kernel's own: of a network file system, say.
    pub(crate) kernel: bool,
}

impl SocketKind {
    /// Whether it is an Internet socket that is raw, or for ICMP echo (ping).
    pub(crate) fn is_raw(&self) -> bool {
        self.is_internet()
            && (self.kind == bindings::sock_type_SOCK_RAW as i32
                || [IPPROTO_ICMP, IPPROTO_ICMPV6].contains(&self.protocol))
    }

    /// Whether it is IPv4 or IPv6.
    pub(crate) fn is_internet(&self) -> bool {
        [bindings::AF_INET, bindings::AF_INET6].contains(&(self.family as u32))
    }
}

impl SocketInfo {
    /// Whether it is a connection, and not only asks for one.
    pub(crate) fn is_established(&self) -> bool {
        self.connected && !self.opening
    }

    /// # Safety
    ///
    /// `sk` is valid; it may be a timewait socket.
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
            closed: false,
            has_port: false,
            port_kept: false,
            address_kept: false,
            tunnel: false,
            local: [0; 16],
            source: [0; 16],
            remote: [0; 16],
        };
        // SAFETY: By the function's contract; `raw` is ours.
        if !unsafe { raw::acf_helper_sk_info(sk, &mut raw) } {
            return None;
        }
        Some(Self::from_raw(&raw))
    }

    /// What the helper found.
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
            closed: raw.closed,
            has_port: raw.has_port,
            port_kept: raw.port_kept,
            address_kept: raw.address_kept,
            tunnel: raw.tunnel,
            local: address(raw.local),
            source: address(raw.source),
            remote: address(raw.remote),
        }
    }
}
