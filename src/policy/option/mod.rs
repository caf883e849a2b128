// SPDX-License-Identifier: GPL-2.0

//! `setsockopt()`: which options an associated task may set on an IPv4 or IPv6
//! socket. An option that is not known to leave addresses alone is refused.
//!
//! Each level has a file with one line for each option: its name and number, which
//! `make check` compares with the kernel's headers, its kind, and why.

use super::verdict::Refusal;

/// The options of a level: `NAME = NUMBER, KIND, "WHY";`.
macro_rules! options {
    ($($name:ident = $number:literal, $kind:ident, $why:literal;)*) => {
        /// The kind of an option.
        pub(super) fn kind(name: i32) -> super::Kind {
            match name {
                $($number => super::Kind::$kind,)*
                _ => super::Kind::Unknown,
            }
        }

        /// The names and numbers.
        #[cfg(not(MODULE))]
        pub(super) const NAMES: &[(&str, i32)] = &[$((stringify!($name), $number)),*];
    };
}

mod ip;
mod ipv6;
mod socket;
mod tcp;
mod udp;

/// The names and numbers of the options that the rules know. `make check` compares
/// them with the kernel's headers.
#[cfg(not(MODULE))]
pub const NAMES: [&[(&str, i32)]; 5] = [
    socket::NAMES,
    ip::NAMES,
    ipv6::NAMES,
    tcp::NAMES,
    udp::NAMES,
];

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
const SOL_UDP: i32 = 17;
const SOL_IPV6: i32 = 41;
const SOL_ICMPV6: i32 = 58;
const SOL_RAW: i32 = 255;

/// The kind of an option.
enum Kind {
    /// It cannot give a socket an address, or a packet another route.
    Harmless,
    /// It lets the socket build whole packets, as raw sockets do.
    Raw,
    /// It can give a socket an address, or a packet another route.
    Dangerous,
    /// It attaches to each packet what the program wrote, and with length 0 removes that
    /// (RFC 3542 section 4, RFC 2292 section 4.1; `do_ip_setsockopt()` and
    /// `do_ipv6_setsockopt()` in the kernel).
    Header,
    /// It joins a multicast group, or changes the sources that a member wants to
    /// hear. The report of that is sent from the interface's address for every
    /// member, and draws traffic to the host.
    Membership,
    /// It gives a connection to another protocol, which programs do without.
    UpperProtocol,
    /// It is on no list.
    Unknown,
}

/// Decides a `setsockopt(level, name)` with a value of `length` bytes, `None` if that is not
/// known. `raw`: whether the association may have raw sockets.
///
/// # Errors
///
/// * [`Refusal::OptionDangerous`] for options that choose a source or a route, or hand
///   packets to another receiver;
/// * [`Refusal::Multicast`] for joining a multicast group, as on a host without a
///   multicast interface;
/// * [`Refusal::UpperProtocol`] for putting another protocol on a connection (kernel TLS),
///   as on a kernel without it: programs then do that themselves;
/// * [`Refusal::OptionUnknown`] for an option that is on no list, as on an older
///   kernel.
pub fn option(level: i32, name: i32, length: Option<u32>, raw: bool) -> Result<(), Refusal> {
    match kind(level, name) {
        Kind::Harmless => Ok(()),
        Kind::Membership => Err(Refusal::Multicast),
        Kind::UpperProtocol => Err(Refusal::UpperProtocol),
        Kind::Raw if raw => Ok(()),
        Kind::Header if length == Some(0) => Ok(()),
        Kind::Raw | Kind::Header | Kind::Dangerous => Err(Refusal::OptionDangerous),
        Kind::Unknown => Err(Refusal::OptionUnknown),
    }
}

/// Decides a `getsockopt(level, name)` on a socket that does not belong to the
/// association. Allowed are options that only read.
///
/// # Errors
///
/// * [`Refusal::SocketOutside`] for an option that reports something once (`SO_ERROR`,
///   `TCP_SAVED_SYN`), so that the socket's owner would miss it, that receives data,
///   or that is secret (`TCP_FASTOPEN_KEY`, `TCP_AO_GET_KEYS`);
/// * [`Refusal::OptionUnknown`] for an option that is on no list.
pub fn look(level: i32, name: i32) -> Result<(), Refusal> {
    match (level, name) {
        SO_ERROR | TCP_SAVED_SYN | TCP_ZEROCOPY_RECEIVE | TCP_FASTOPEN_KEY | TCP_AO_GET_KEYS => {
            Err(Refusal::SocketOutside)
        }
        _ if matches!(kind(level, name), Kind::Unknown) => Err(Refusal::OptionUnknown),
        _ => Ok(()),
    }
}

/// Level and name of the option that reports why a socket failed, once
/// (`include/uapi/asm-generic/socket.h`).
pub const SO_ERROR: (i32, i32) = (SOL_SOCKET, 4);
const TCP_SAVED_SYN: (i32, i32) = (SOL_TCP, 28);
const TCP_ZEROCOPY_RECEIVE: (i32, i32) = (SOL_TCP, 35);
const TCP_FASTOPEN_KEY: (i32, i32) = (SOL_TCP, 33);
const TCP_AO_GET_KEYS: (i32, i32) = (SOL_TCP, 41);

fn kind(level: i32, name: i32) -> Kind {
    match level {
        SOL_SOCKET => socket::kind(name),
        SOL_IP => ip::kind(name),
        SOL_IPV6 => ipv6::kind(name),
        SOL_TCP => tcp::kind(name),
        SOL_UDP => udp::kind(name),
        // ICMP_FILTER and ICMPV6_FILTER.
        SOL_RAW | SOL_ICMPV6 if name == 1 => Kind::Harmless,
        _ => Kind::Unknown,
    }
}
