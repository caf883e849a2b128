// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with a written address set. Each message names the
//! element and says what to write instead.

use std::net::IpAddr;

use addrconf_abi::MAX_ADDRS;
use thiserror::Error;

/// An address set that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseSetError {
    /// Nothing was written.
    #[error("the list is empty: give at least one address, such as 10.0.0.1 or 2001:db8::/64")]
    Empty,
    /// Two commas in a row, or one at either end.
    #[error("element {position} of the list is empty: remove the extra comma")]
    EmptyElement {
        /// Which element, from 1.
        position: usize,
    },
    /// More entries than a set may have.
    #[error("{count} addresses are too many, a set holds at most {MAX_ADDRS}: use prefixes such as 10.0.0.0/24")]
    TooMany {
        /// How many were written.
        count: usize,
    },
    /// The same address or prefix twice.
    #[error("{} is in the list twice: remove the second one", .element.escape_debug())]
    Duplicate {
        /// The second of the two, as written.
        element: String,
    },
    /// One element cannot be used.
    #[error("{} {problem}", .element.escape_debug())]
    Element {
        /// The element as written.
        element: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// Why one element cannot be in a set. Each message continues a sentence that
/// starts with the element.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// No address in any notation.
    #[error(
        "is not an IPv4 or IPv6 address: write one such as 10.0.0.1, 10.0.0.0/24 or \
         2001:db8::1 (names are not looked up)"
    )]
    NotAnAddress,
    /// The name of an address family.
    #[error("is an address family, not an address: list the addresses themselves")]
    FamilyName,
    /// White space around or inside.
    #[error("contains white space: separate addresses by commas only")]
    WhiteSpace,
    /// Square brackets, as in a URL.
    #[error("has brackets: write {0} without brackets and port")]
    Brackets(IpAddr),
    /// A port after an IPv4 address.
    #[error("has a port: write {0}; a set holds addresses, and every port of them")]
    Port(IpAddr),
    /// A dotted number with leading zeros, which some programs read as octal.
    #[error("has a number with leading zeros, which could be octal: write it without them")]
    LeadingZero,
    /// An interface after a per cent sign.
    #[error(
        "names an interface after '%': a set holds addresses whatever interface they \
         are on; write {0}"
    )]
    Scope(String),
    /// A slash without a usable number.
    #[error("has no valid prefix length after '/': write a number from 1 to {max}")]
    BadPrefixLen {
        /// 32 or 128.
        max: u8,
    },
    /// A netmask where a prefix length should be.
    #[error("has a netmask: write /{0} instead")]
    Netmask(u8),
    /// A prefix length of zero.
    #[error("means every address there is: an association needs a smaller set")]
    Everything,
    /// Bits set after the prefix.
    #[error(
        "has host bits set: write {network}/{prefix_len} for the whole network or \
         {addr} for the one address"
    )]
    HostBits {
        /// The address with the host bits cleared.
        network: IpAddr,
        /// The prefix length as written.
        prefix_len: u8,
        /// The address as written.
        addr: IpAddr,
    },
    /// IPv4-mapped IPv6 addresses.
    #[error("stands for IPv4 addresses in IPv6 notation: write {0}")]
    MappedV4(String),
    /// All zeros, or a network that begins with it.
    #[error(
        "is or contains the unspecified address, which stands for the whole set: list the \
         addresses themselves"
    )]
    Unspecified,
    /// A multicast address, or a network of them.
    #[error("is or contains multicast addresses, which belong to no host: remove it")]
    Multicast,
    /// 255.255.255.255, or a network that ends with it.
    #[error(
        "is or contains the broadcast address 255.255.255.255, which belongs to no host: remove it"
    )]
    Broadcast,
    /// A loopback address, or a network that contains them.
    #[error(
        "is or contains loopback addresses, of which every association has its own: remove it"
    )]
    Loopback,
    /// An address of 0.0.0.0/8 or 240.0.0.0/4, or a network that contains them.
    #[error("is or contains addresses of 0.0.0.0/8 or 240.0.0.0/4, which no host has: remove it")]
    Reserved,
    /// A rule of the module refuses it, for which this addrctl has no message.
    #[error("cannot be in an address set: remove it")]
    Unusable,
}

impl Problem {
    /// An IPv6 network within or around the IPv4-mapped addresses.
    pub(super) fn mapped(network: IpAddr, prefix_len: u8) -> Self {
        let v4 = match network {
            IpAddr::V6(v6) => v6.to_ipv4_mapped(),
            IpAddr::V4(_) => None,
        };
        Self::MappedV4(match (v4, prefix_len.checked_sub(96)) {
            (Some(v4), Some(32)) => v4.to_string(),
            (Some(v4), Some(len @ 1..)) => format!("{v4}/{len}"),
            _ => "IPv4 addresses or prefixes".to_owned(),
        })
    }
}
