// SPDX-License-Identifier: GPL-2.0

//! What the stack needs to know of a socket for each packet. Reads only that: all of
//! [`super::SocketInfo`] costs more than the decision.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::bindings;

use super::SkRef;
use crate::sys::raw;

/// What a socket exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Messages: it is no stream socket.
    Messages,
    /// A request for a connection.
    Opening,
    /// Answers to such requests: it is a stream socket that listens, or is closed.
    Answers,
    /// The packets of a connection.
    Connection,
}

impl SkRef<'_> {
    /// The address on which it receives; `None` when it is neither IPv4 nor IPv6. Context: any.
    pub(crate) fn local(self) -> Option<IpAddr> {
        let mut bytes = [0; 16];
        // SAFETY: By the type invariants the socket is valid and full. `bytes` is a local variable
        // of sixteen bytes, as many as the helper writes.
        let family = unsafe { raw::acf_helper_sk_local(self.as_ptr(), bytes.as_mut_ptr()) };
        let [a, b, c, d, ..] = bytes;
        match family as u32 {
            bindings::AF_INET => Some(Ipv4Addr::new(a, b, c, d).into()),
            bindings::AF_INET6 => Some(Ipv6Addr::from(bytes).into()),
            _ => None,
        }
    }

    /// Whether it is a UDP socket of a tunnel, which unpacks what it receives (VXLAN, FOU).
    /// Context: any.
    pub(crate) fn is_tunnel(self) -> bool {
        // SAFETY: By the type invariants the socket is valid and full.
        unsafe { raw::acf_helper_sk_is_tunnel(self.as_ptr()) }
    }

    /// What it exchanges. Context: any.
    pub(crate) fn traffic(self) -> Traffic {
        // SAFETY: By the type invariants the socket is valid and full.
        match unsafe { raw::acf_helper_sk_traffic(self.as_ptr()) } {
            raw::acf_traffic_ACF_TRAFFIC_OPENING => Traffic::Opening,
            raw::acf_traffic_ACF_TRAFFIC_ANSWERS => Traffic::Answers,
            raw::acf_traffic_ACF_TRAFFIC_CONNECTION => Traffic::Connection,
            // The strictest rules.
            _ => Traffic::Messages,
        }
    }
}
