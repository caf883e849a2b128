// SPDX-License-Identifier: GPL-2.0

//! What is refused, and what decided it.

/// What was to be done when something was refused: the calls and packets that are counted
/// together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[non_exhaustive]
pub enum Operation {
    /// `bind()`.
    Bind = 1,
    /// `listen()`.
    Listen = 2,
    /// `connect()`.
    Connect = 3,
    /// Sending a message.
    Send = 4,
    /// Receiving a message, or accepting a connection.
    Receive = 5,
    /// `socket()`.
    Create = 6,
    /// Setting or reading an option, `ioctl()`, `fcntl()`, `shutdown()`: changing a socket.
    Option = 7,
    /// Getting a descriptor from another process, or using one that is a bypass.
    Descriptor = 8,
    /// Tracing, reading the state of a process, typing into a terminal, `bpf()`.
    Trace = 9,
    /// A packet that would have been delivered.
    PacketIn = 10,
    /// A packet that would have been sent.
    PacketOut = 11,
}

impl Operation {
    /// Every operation, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 11] = [
        Self::Bind,
        Self::Listen,
        Self::Connect,
        Self::Send,
        Self::Receive,
        Self::Create,
        Self::Option,
        Self::Descriptor,
        Self::Trace,
        Self::PacketIn,
        Self::PacketOut,
    ];

    /// The place of the operation in [`Self::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    /// The operation with this number.
    #[must_use]
    pub fn from_value(value: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|known| *known as u16 == value)
    }

    /// Its name, for people and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Create => "create",
            Self::Option => "option",
            Self::Descriptor => "descriptor",
            Self::Trace => "trace",
            Self::PacketIn => "packet-in",
            Self::PacketOut => "packet-out",
        }
    }
}

impl Operation {
    /// The class of what it is done to, in the words of SELinux, for which tools look in audit
    /// records.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Bind
            | Self::Listen
            | Self::Connect
            | Self::Send
            | Self::Receive
            | Self::Create
            | Self::Option => "socket",
            Self::Descriptor => "fd",
            Self::Trace => "process",
            Self::PacketIn | Self::PacketOut => "packet",
        }
    }
}

/// Why something is refused: what decided it. Each has one errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[non_exhaustive]
pub enum Refusal {
    /// `EADDRNOTAVAIL`: the address that was asked for is not in the set. A host that does not
    /// have it answers the same.
    AddressOutside = 1,
    /// `EADDRNOTAVAIL`: the socket is bound to an address outside the set, or belongs to another
    /// owner.
    SocketOutside = 2,
    /// `EADDRNOTAVAIL`: a message asks for a source outside the set.
    SourceOutside = 3,
    /// `EADDRNOTAVAIL`: the set has no address from which the destination could be reached.
    NoSource = 4,
    /// `EADDRNOTAVAIL`: the destination cannot be reached from the loopback address that the
    /// socket is bound to.
    SourceUnsuitable = 5,
    /// `EACCES`: the destination is a loopback address of another owner.
    LoopbackOfOther = 6,
    /// `ENETUNREACH`: there is no route to the destination.
    NoRoute = 7,
    /// `EPERM`: an associated task may not have this kind of socket.
    KindNotCovered = 8,
    /// `EPROTONOSUPPORT`: the same, where this errno makes programs fall back to another
    /// protocol.
    ProtocolNotCovered = 9,
    /// `EAFNOSUPPORT`: the same of a family of sockets.
    FamilyNotCovered = 10,
    /// `EAFNOSUPPORT`: the family of the address does not fit the socket.
    FamilyMismatch = 11,
    /// `EINVAL`: the socket address is malformed.
    Malformed = 12,
    /// `EPERM`: the option chooses a source or a route, or hands packets to others.
    OptionDangerous = 13,
    /// `ENOPROTOOPT`: the option is on no list.
    OptionUnknown = 14,
    /// `ENOENT`: the option puts another protocol on a connection. A kernel that has none answers
    /// the same.
    UpperProtocol = 15,
    /// `ENODEV`: there is no interface for groups. A host without multicast answers the same.
    Multicast = 16,
    /// `ENOTTY`: this socket has no such request.
    RequestUnknown = 17,
    /// `EPERM`: a message asks for a source route, an extension header or a mark.
    RouteInMessage = 18,
    /// `ENOBUFS`: the tenant has as many raw sockets as it may.
    TooManyRawSockets = 19,
    /// `EACCES`: what the descriptor is goes around the association.
    Bypass = 20,
    /// `EACCES`: the descriptor is of a socket that the association may not use.
    DescriptorOutside = 21,
    /// `EPERM`: the process is not in the association.
    ProcessOutside = 22,
    /// `EPERM`: members may neither call `bpf()` nor insert input into a terminal.
    ForMembers = 23,
    /// `EPERM`: the packet has a source route or an extension header, or is of a kind that a raw
    /// socket may not send.
    PacketLed = 24,
    /// `EADDRNOTAVAIL`: the source of the packet is not in the set, or not for its destination.
    PacketSource = 25,
    /// `EPERM`, and the packet is dropped: its destination is not in the set, or it comes from
    /// the loopback of another.
    PacketDestination = 26,
}

// include/uapi/asm-generic/errno-base.h, errno.h
const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EACCES: i32 = 13;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ENOTTY: i32 = 25;
const ENOPROTOOPT: i32 = 92;
const EPROTONOSUPPORT: i32 = 93;
const EAFNOSUPPORT: i32 = 97;
const EADDRNOTAVAIL: i32 = 99;
const ENETUNREACH: i32 = 101;
const ENOBUFS: i32 = 105;

impl Refusal {
    /// Every reason, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 26] = [
        Self::AddressOutside,
        Self::SocketOutside,
        Self::SourceOutside,
        Self::NoSource,
        Self::SourceUnsuitable,
        Self::LoopbackOfOther,
        Self::NoRoute,
        Self::KindNotCovered,
        Self::ProtocolNotCovered,
        Self::FamilyNotCovered,
        Self::FamilyMismatch,
        Self::Malformed,
        Self::OptionDangerous,
        Self::OptionUnknown,
        Self::UpperProtocol,
        Self::Multicast,
        Self::RequestUnknown,
        Self::RouteInMessage,
        Self::TooManyRawSockets,
        Self::Bypass,
        Self::DescriptorOutside,
        Self::ProcessOutside,
        Self::ForMembers,
        Self::PacketLed,
        Self::PacketSource,
        Self::PacketDestination,
    ];

    /// The reason with this number.
    #[must_use]
    pub fn from_value(value: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|known| *known as u16 == value)
    }

    /// Its name, for people and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddressOutside => "address-outside",
            Self::SocketOutside => "socket-outside",
            Self::SourceOutside => "source-outside",
            Self::NoSource => "no-source",
            Self::SourceUnsuitable => "source-unsuitable",
            Self::LoopbackOfOther => "loopback-of-other",
            Self::NoRoute => "no-route",
            Self::KindNotCovered => "kind-not-covered",
            Self::ProtocolNotCovered => "protocol-not-covered",
            Self::FamilyNotCovered => "family-not-covered",
            Self::FamilyMismatch => "family-mismatch",
            Self::Malformed => "malformed",
            Self::OptionDangerous => "option-dangerous",
            Self::OptionUnknown => "option-unknown",
            Self::UpperProtocol => "upper-protocol",
            Self::Multicast => "multicast",
            Self::RequestUnknown => "request-unknown",
            Self::RouteInMessage => "route-in-message",
            Self::TooManyRawSockets => "too-many-raw-sockets",
            Self::Bypass => "bypass",
            Self::DescriptorOutside => "descriptor-outside",
            Self::ProcessOutside => "process-outside",
            Self::ForMembers => "for-members",
            Self::PacketLed => "packet-led",
            Self::PacketSource => "packet-source",
            Self::PacketDestination => "packet-destination",
        }
    }

    /// The Linux errno, positive (`include/uapi/asm-generic/errno*.h`).
    #[must_use]
    pub const fn errno(self) -> i32 {
        match self {
            Self::AddressOutside
            | Self::SocketOutside
            | Self::SourceOutside
            | Self::NoSource
            | Self::SourceUnsuitable
            | Self::PacketSource => EADDRNOTAVAIL,
            Self::LoopbackOfOther | Self::Bypass | Self::DescriptorOutside => EACCES,
            Self::NoRoute => ENETUNREACH,
            Self::KindNotCovered
            | Self::OptionDangerous
            | Self::RouteInMessage
            | Self::ProcessOutside
            | Self::ForMembers
            | Self::PacketLed
            | Self::PacketDestination => EPERM,
            Self::ProtocolNotCovered => EPROTONOSUPPORT,
            Self::FamilyNotCovered | Self::FamilyMismatch => EAFNOSUPPORT,
            Self::Malformed => EINVAL,
            Self::OptionUnknown => ENOPROTOOPT,
            Self::UpperProtocol => ENOENT,
            Self::Multicast => ENODEV,
            Self::RequestUnknown => ENOTTY,
            Self::TooManyRawSockets => ENOBUFS,
        }
    }

    /// Whether the call would fail without an association as well, because it is malformed.
    #[must_use]
    pub const fn is_malformed(self) -> bool {
        matches!(self, Self::Malformed)
    }
}
