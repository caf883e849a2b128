// SPDX-License-Identifier: GPL-2.0

//! The types of question and answer that the other files share.

use core::net::IpAddr;

pub use super::abi::Refusal;

/// Address family of a socket or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

impl Family {
    /// The family of an address. An IPv4-mapped address is an IPv6 address.
    #[must_use]
    pub fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// The verdict on using a socket: on `listen()`, `connect()` and sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Allowed.
    Allow,
    /// Allowed, once the caller has given the socket a source for this destination.
    GiveSource(IpAddr),
    /// Refused.
    Deny(Refusal),
}

/// A source address for a socket that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This one.
    Address(IpAddr),
    /// Any address of this family that both the host and the set have. This is for
    /// sets that consist of prefixes only, and so name no host address. The caller,
    /// which knows the interfaces, chooses one.
    AnyLocal(Family),
}

/// The facts about a socket of family `AF_INET` or `AF_INET6` on which the decisions
/// depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The socket's family.
    pub family: Family,
    /// Whether it is a stream socket (TCP). Sending on one does not bind it to a
    /// port.
    pub stream: bool,
    /// Whether it is a connection, established or requested. Its address may have
    /// left the set since it was made.
    pub connected: bool,
    /// Whether it belongs to the association that uses it. Then a wildcard means that
    /// association's addresses.
    pub scoped: bool,
    /// The address it receives on; unspecified when it has none.
    pub local: IpAddr,
    /// The address it sends from; unspecified when it has none.
    pub source: IpAddr,
}

impl Socket {
    /// Whether it receives on a wildcard, or on nothing yet.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.local.to_canonical().is_unspecified()
    }
}
