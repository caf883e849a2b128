// SPDX-License-Identifier: GPL-2.0

//! The types of question and answer that the other files share.

use core::net::IpAddr;

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

/// Why something is refused. One variant per errno the caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `EADDRNOTAVAIL`: the task does not own the address. A host that does not have
    /// the address answers the same.
    NotAvailable,
    /// `EPERM`: an associated task may not have this kind of socket, or set this
    /// option.
    NotPermitted,
    /// `EPROTONOSUPPORT`: as [`Refusal::NotPermitted`], for sockets where this errno
    /// makes programs fall back to another protocol.
    ProtocolNotSupported,
    /// `EAFNOSUPPORT`: the address or socket family does not fit.
    FamilyNotSupported,
    /// `ENOENT`: there is no such protocol to put on top. A kernel that has none answers the
    /// same.
    NoUpperProtocol,
    /// `EACCES`: the destination is a loopback address of another owner.
    Unreachable,
    /// `ENODEV`: there is no interface for this. A host without multicast answers the
    /// same.
    NoDevice,
    /// `ENOTTY`: this socket has no such request.
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
            Self::NoUpperProtocol => 2,
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
