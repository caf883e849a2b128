// SPDX-License-Identifier: GPL-2.0

//! The addresses that every test finds on its machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use crate::sys::addr::{ip, Addr};

/// The addresses of tenant 1.
pub const ONE: &[&str] = &["10.0.0.1", "2001:db8::1"];
/// The addresses of tenant 2.
pub const TWO: &[&str] = &["10.0.0.2", "2001:db8::2"];
/// The addresses of tenant 3.
pub const THREE: &[&str] = &["10.0.0.3", "2001:db8::3"];
/// Two addresses of each family, for one tenant and for another.
pub const PAIRS: [&[&str]; 2] = [
    &["10.0.0.1", "10.1.0.1", "2001:db8::1", "2001:db8:1::1"],
    &["10.0.0.2", "10.1.0.2", "2001:db8::2", "2001:db8:1::2"],
];
/// The same for a third tenant.
pub const THIRD_PAIR: &[&str] = &["10.0.0.3", "10.1.0.3", "2001:db8::3", "2001:db8:1::3"];
/// A set that has the second address of each family in common with each of [`PAIRS`].
pub const OVERLAPPING: &[&str] = &[
    "10.1.0.1",
    "10.1.0.2",
    "10.1.0.3",
    "2001:db8:1::1",
    "2001:db8:1::2",
    "2001:db8:1::3",
];
/// A set without IPv6.
pub const V4_ONLY: &[&str] = &["10.0.0.1"];
/// A set without IPv4.
pub const V6_ONLY: &[&str] = &["2001:db8::1"];
/// A set of several addresses; the primary ones are not the lowest ones.
pub const SEVERAL: &[&str] = &["10.1.0.3", "10.0.0.1", "2001:db8:1::3", "2001:db8::1"];
/// A set of prefixes. The machine has the addresses 1 to 3 of each, and 200
/// of the first.
pub const PREFIXES: &[&str] = &["10.1.0.0/25", "2001:db8:1::/64"];

/// The IPv4 address of the machine that is in no tenant's set.
pub const HOST4: &str = "10.0.0.9";
/// The IPv6 address of the machine that is in no tenant's set.
pub const HOST6: &str = "2001:db8::9";

/// Every address of the machine, and some of its loopback addresses.
pub const EVERYWHERE: &[&str] = &[
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    HOST4,
    "10.1.0.1",
    "10.1.0.2",
    "10.1.0.3",
    "10.1.0.200",
    "127.0.0.1",
    "127.0.0.2",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8::3",
    HOST6,
    "2001:db8:1::1",
    "2001:db8:1::2",
    "2001:db8:1::3",
    "::1",
];

/// An IPv4 address in IPv4-mapped form, as IPv6 sockets take it.
pub fn mapped(text: &str) -> IpAddr {
    match ip(text) {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().into(),
        IpAddr::V6(_) => panic!("{text} in a test is not IPv4"),
    }
}

/// The IPv4 wildcard.
pub const ANY4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// The IPv6 wildcard.
pub const ANY6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
