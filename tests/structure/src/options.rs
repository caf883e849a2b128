// SPDX-License-Identifier: GPL-2.0

//! The socket options that the policy knows, as C that compiles only if the kernel's
//! headers give them the same numbers.

use addrconf_policy::OPTION_NAMES;

/// The headers that define them, for each level in the order of [`OPTION_NAMES`].
/// Headers of netfilter need the ones before them.
const HEADERS: [&[&str]; 5] = [
    &["asm-generic/socket.h"],
    &[
        "linux/in.h",
        "linux/netfilter_ipv4/ip_tables.h",
        "linux/netfilter_arp/arp_tables.h",
        "linux/mroute.h",
    ],
    &[
        "linux/in6.h",
        "linux/netfilter_ipv6/ip6_tables.h",
        "linux/mroute6.h",
    ],
    &["linux/tcp.h"],
    &["linux/udp.h"],
];

/// A C file with one assertion for each option.
pub fn assertions() -> String {
    let mut text = String::new();
    for header in HEADERS.iter().flat_map(|headers| headers.iter()) {
        text += &format!("#include <{header}>\n");
    }
    for (name, number) in OPTION_NAMES.iter().flat_map(|names| names.iter()) {
        text += &format!("_Static_assert({name} == {number}, \"{name} is not {number}\");\n");
    }
    text
}
