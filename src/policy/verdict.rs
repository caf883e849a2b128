// SPDX-License-Identifier: GPL-2.0

//! The words the other files answer in.

use core::net::IpAddr;

/// Address family of a socket or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

/// Why something is refused. One variant per errno the caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `EADDRNOTAVAIL`: the address is not one of the task's, as on a host
    /// that does not have it.
    NotAvailable,
    /// `EPERM`: an associated task may not have this kind of socket.
    NotPermitted,
    /// `EPROTONOSUPPORT`: as [`Refusal::NotPermitted`], where programs fall
    /// back on another protocol when they see this.
    ProtocolNotSupported,
    /// `EAFNOSUPPORT`: the address or socket family does not fit.
    FamilyNotSupported,
    /// `EACCES`: the destination is a loopback address of somebody else.
    Unreachable,
    /// `ENODEV`: there is no interface for this, as on a host without multicast.
    NoDevice,
    /// `ENOTTY`: no such request to this socket.
    NoRequest,
    /// `EINVAL`: the socket address is malformed.
    Invalid,
    /// `ENOPROTOOPT`: no such option.
    OptionNotKnown,
}

impl Refusal {
    /// The Linux errno, positive (`include/uapi/asm-generic/errno*.h`).
    #[must_use]
    pub const fn errno(self) -> i32 {
        match self {
            Self::NotPermitted => 1,
            Self::Unreachable => 13,
            Self::NoDevice => 19,
            Self::Invalid => 22,
            Self::NoRequest => 25,
            Self::OptionNotKnown => 92,
            Self::ProtocolNotSupported => 93,
            Self::FamilyNotSupported => 97,
            Self::NotAvailable => 99,
        }
    }
}

/// What happens when a socket is about to be used: listened on, connected or
/// sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// As asked.
    Allow,
    /// As asked, after the socket was given a source for this destination.
    GiveSource(IpAddr),
    /// Refused.
    Deny(Refusal),
}

/// A source address for a socket that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This one.
    Address(IpAddr),
    /// Any address of this family that the host has and the set contains. For
    /// sets of prefixes only, which name no host address; the caller, who
    /// knows the interfaces, finds it.
    AnyLocal(Family),
}

/// What the decisions need to know of a socket of family `AF_INET` or
/// `AF_INET6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The socket's family.
    pub family: Family,
    /// Whether it is a stream socket (TCP), which does not choose a port of
    /// its own when sent on.
    pub stream: bool,
    /// Whether it is a connection, established or on the way. Its address may
    /// have left the set since it was made.
    pub connected: bool,
    /// Whether it belongs to the association that uses it, so that a wildcard
    /// means that association's addresses.
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
