// SPDX-License-Identifier: GPL-2.0

//! Words of which people write terms, on the command line and in files. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use addrconf_abi::{HostLoopback, Name, NAME_LEN};

/// What a refused call does beside failing: nothing, or a signal.
pub const ON_REFUSAL: [&str; 2] = ["errno", "signal"];

/// Whether a word is meant as a number.
pub fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a dedicated loopback address.
pub fn loopback(text: &str) -> Result<Ipv4Addr, String> {
    let addr: Ipv4Addr = text
        .parse()
        .map_err(|_| "write an IPv4 address such as 127.64.0.2".to_owned())?;
    match HostLoopback::is_dedicated(addr) {
        true => Ok(addr),
        false => Err(
            "the addresses through which the machine reaches associations are those of \
             127.64.0.0/10: write one such as 127.64.0.2"
                .to_owned(),
        ),
    }
}

/// Reads addresses of the machine's loopback.
pub fn host_loopback(text: &str) -> Result<HostLoopback, String> {
    let (addr, len) = text.split_once('/').unwrap_or((text, "32"));
    let addr: Ipv4Addr = addr
        .parse()
        .map_err(|_| "write an IPv4 address such as 127.0.0.53".to_owned())?;
    let len = len.parse().ok().filter(|len| (1..=32).contains(len));
    let len = len.ok_or("has no valid prefix length after '/': write a number from 9 to 32")?;
    HostLoopback::new(addr, len).ok_or_else(|| {
        if !addr.is_loopback() {
            "a loopback address is in 127.0.0.0/8, such as 127.0.0.53".to_owned()
        } else if addr == Ipv4Addr::LOCALHOST {
            "127.0.0.1 is the association's own: let the service of the machine listen at \
             another address as well, such as 127.0.0.53"
                .to_owned()
        } else {
            "the network has host bits set, or contains 127.0.0.1 or an address of \
             127.64.0.0/10: name the addresses of the services alone, such as 127.0.0.53"
                .to_owned()
        }
    })
}

/// An address with or without a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub addr: IpAddr,
    /// The port, if there is one.
    pub port: Option<u16>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.addr, port).fmt(f),
            None => self.addr.fmt(f),
        }
    }
}

/// Reads an address with or without a port.
pub fn endpoint(text: &str) -> Result<Endpoint, String> {
    let alone = text.parse().map(|addr| (addr, None));
    let both = || {
        text.parse()
            .map(|to: SocketAddr| (to.ip(), Some(to.port())))
    };
    let (addr, port): (IpAddr, _) = alone.or_else(|_| both()).map_err(|_| {
        "write an address, with or without a port, such as 10.0.0.1, 10.0.0.1:80 or \
         [2001:db8::1]:80"
            .to_owned()
    })?;
    let addr = addr.to_canonical();
    Ok(Endpoint { addr, port })
}

/// Reads the name of an association that is defined: a number would be taken for a process.
pub fn definable(text: &str) -> Result<Name, String> {
    match is_number(text) {
        true => Err("a name has other characters than digits: numbers are process ids".to_owned()),
        false => name(text),
    }
}

/// Reads a name.
pub fn name(text: &str) -> Result<Name, String> {
    let max = NAME_LEN - 1;
    match Name::new(text) {
        _ if text.is_empty() => Err("a name cannot be empty".to_owned()),
        // The interface pads names with NUL, and would take a NUL at the end for padding.
        Some(name) if name.as_str() == text => Ok(name),
        _ if text.len() > max => Err(format!("a name has at most {max} characters")),
        _ => Err("a name consists of A-Z a-z 0-9 . _ - and starts with none of . -".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_another_character_or_too_long_is_refused() {
        assert!(name("web-1.a_b").is_ok());
        assert!(name(&"a".repeat(31)).is_ok());
        assert!(name(&"a".repeat(32)).unwrap_err().contains("31 characters"));
        for bad in ["", "a b", ".a", "-a", "ä", "a\0", "a/b"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_has_a_port_or_none() {
        for (text, port) in [
            ("10.0.0.1", None),
            ("10.0.0.1:80", Some(80)),
            ("2001:db8::1", None),
            ("[2001:db8::1]:443", Some(443)),
            ("0.0.0.0:0", Some(0)),
        ] {
            let read = endpoint(text).unwrap();
            assert_eq!((read.to_string().as_str(), read.port), (text, port));
        }
        assert_eq!(endpoint("::ffff:10.0.0.1").unwrap().to_string(), "10.0.0.1");
        for bad in [
            "",
            "10.0.0",
            "10.0.0.1:",
            "10.0.0.1:99999",
            "*:80",
            "shop:80",
            "10.0.0.1/24",
        ] {
            assert!(
                endpoint(bad).unwrap_err().contains("[2001:db8::1]:80"),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_dedicated_loopback_address_is_of_127_64() {
        for good in ["127.64.0.2", "127.127.255.254"] {
            assert_eq!(loopback(good).map(|a| a.to_string()).as_deref(), Ok(good));
        }
        for (bad, words) in [
            ("127.0.0.1", "127.64.0.0/10"),
            ("127.0.0.2", "127.64.0.0/10"),
            ("127.128.0.0", "127.64.0.0/10"),
            ("10.0.0.1", "127.64.0.0/10"),
            ("127.64.0.2/32", "such as 127.64.0.2"),
            ("::1", "such as 127.64.0.2"),
            ("", "such as 127.64.0.2"),
        ] {
            assert!(loopback(bad).unwrap_err().contains(words), "{bad}");
        }
    }

    #[test]
    fn services_of_the_machine_are_not_at_the_associations_own_addresses() {
        for good in ["127.0.0.53", "127.0.1.0/24", "127.0.0.52/30"] {
            assert_eq!(
                host_loopback(good).map(|a| a.to_string()).as_deref(),
                Ok(good)
            );
        }
        for (bad, words) in [
            ("127.0.0.1", "association's own"),
            ("127.0.0.0/24", "contains 127.0.0.1"),
            ("127.64.0.2", "127.64.0.0/10"),
            ("127.0.0.53/24", "host bits"),
            ("10.0.0.1", "127.0.0.0/8"),
            ("127.0.0.53/0", "prefix length"),
            ("127.0.0.53/33", "prefix length"),
            ("::1", "such as 127.0.0.53"),
            ("", "such as 127.0.0.53"),
        ] {
            assert!(host_loopback(bad).unwrap_err().contains(words), "{bad}");
        }
    }
}
