// SPDX-License-Identifier: GPL-2.0

//! Parsing of addresses, prefixes and lists of them. Pure; no text makes it panic.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::str::FromStr;

use addrconf_abi::{AddrEntry, MAX_ADDRS};
use addrconf_policy::PrefixError;

use super::{AddressSet, ParseSetError, Problem};

impl FromStr for AddressSet {
    type Err = ParseSetError;

    fn from_str(list: &str) -> Result<Self, ParseSetError> {
        if list.is_empty() {
            return Err(ParseSetError::Empty);
        }
        let count = list.split(',').count();
        if count > MAX_ADDRS as usize {
            return Err(ParseSetError::TooMany { count });
        }
        let mut seen = HashSet::new();
        let mut entries = Vec::with_capacity(count);
        for (i, element) in list.split(',').enumerate() {
            if element.is_empty() {
                return Err(ParseSetError::EmptyElement { position: i + 1 });
            }
            let entry = entry(element).map_err(|problem| ParseSetError::Element {
                element: element.to_owned(),
                problem,
            })?;
            if !seen.insert(entry) {
                return Err(ParseSetError::Duplicate {
                    element: element.to_owned(),
                });
            }
            entries.push(entry);
        }
        Ok(Self(entries))
    }
}

/// Reads one element of a list. Accepts exactly what the module accepts.
pub fn entry(text: &str) -> Result<AddrEntry, Problem> {
    let (addr_text, len_text) = match text.split_once('/') {
        Some((addr, len)) => (addr, Some(len)),
        None => (text, None),
    };
    let addr: IpAddr = addr_text.parse().map_err(|_| not_an_address(text))?;
    let host = AddrEntry::host(addr);
    let entry = match len_text {
        Some(len) => AddrEntry {
            prefix_len: parse_len(len, host)?,
            ..host
        },
        None => host,
    };
    check(entry)?;
    Ok(entry)
}

/// Refuses an entry that is well written but cannot be in a set. The module's own code
/// decides which can, so that addrctl and the module never disagree.
fn check(entry: AddrEntry) -> Result<(), Problem> {
    let AddrEntry { addr, prefix_len } = entry;
    let network = entry.network();
    match addrconf_policy::Prefix::new(network, prefix_len) {
        Ok(_) if network == addr => Ok(()),
        Ok(_) => Err(Problem::HostBits {
            network,
            prefix_len,
            addr,
        }),
        Err(PrefixError::Length) => Err(Problem::Everything),
        Err(PrefixError::Unspecified) => Err(Problem::Unspecified),
        Err(PrefixError::Multicast) => Err(Problem::Multicast),
        Err(PrefixError::Broadcast) => Err(Problem::Broadcast),
        Err(PrefixError::Loopback) => Err(Problem::Loopback),
        Err(PrefixError::Reserved) => Err(Problem::Reserved),
        Err(PrefixError::Mapped) => Err(Problem::mapped(network, prefix_len)),
        Err(_) => Err(Problem::Unusable),
    }
}

/// Reads the text after the slash.
fn parse_len(text: &str, host: AddrEntry) -> Result<u8, Problem> {
    let max = host.prefix_len;
    if let (IpAddr::V4(_), Ok(mask)) = (host.addr, text.parse::<Ipv4Addr>()) {
        let mask = u32::from(mask);
        if mask != 0 && mask.leading_ones() + mask.trailing_zeros() == u32::BITS {
            return Err(Problem::Netmask(mask.leading_ones() as u8));
        }
    }
    // `u8::from_str` would take "+24" and "024".
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    match text.parse() {
        Ok(len) if canonical && len <= max => Ok(len),
        _ => Err(Problem::BadPrefixLen { max }),
    }
}

/// Recognises what a text that is not an address was meant to be.
fn not_an_address(text: &str) -> Problem {
    const FAMILIES: [&str; 10] = [
        "inet", "inet4", "inet6", "ip", "ipv4", "ipv6", "ip4", "ip6", "v4", "v6",
    ];
    if text.contains(char::is_whitespace) {
        return Problem::WhiteSpace;
    }
    let word = text.to_ascii_lowercase();
    if FAMILIES.contains(&word.strip_prefix("af_").unwrap_or(&word)) {
        return Problem::FamilyName;
    }
    if let Some((addr, _)) = text.split_once('%') {
        if let Ok(addr) = addr.parse::<IpAddr>() {
            return Problem::Scope(addr.to_string());
        }
    }
    if let Ok(with_port) = text.parse::<SocketAddrV4>() {
        return Problem::Port((*with_port.ip()).into());
    }
    let bracketed = text.strip_prefix('[').and_then(|t| t.split_once(']'));
    if let Some(Ok(addr)) = bracketed.map(|(addr, _)| addr.parse()) {
        return Problem::Brackets(addr);
    }
    let dotted = text.split('/').next().unwrap_or(text);
    if dotted.split('.').count() == 4
        && dotted.split('.').all(|n| n.parse::<u8>().is_ok())
        && dotted.split('.').any(|n| n.len() > 1 && n.starts_with('0'))
    {
        return Problem::LeadingZero;
    }
    Problem::NotAnAddress
}
