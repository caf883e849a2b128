// SPDX-License-Identifier: GPL-2.0

//! The options of `assign` and `run` that are the terms of the association.

use std::net::Ipv4Addr;

use addrconf_abi::{Name, SourceChoice, Terms, NAME_LEN};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::Args;

use super::target::is_number;
use crate::allow::Allow;
use crate::source;

/// The help of every argument that names an association.
pub const NAME_HELP: &str = "Name of the association: up to 31 of A-Z a-z 0-9 . _ -";

/// The terms of an association, apart from its name: what it is made with in addition to its
/// set.
#[derive(Args, Debug)]
pub struct TermsArgs {
    /// Keep wildcard sockets of unassociated processes off these addresses
    #[arg(long)]
    pub exclusive: bool,

    /// Source of a socket that has no address: the one that the route prefers, always
    /// the primary address, or any single address of the set
    #[arg(long, value_name = "CHOICE", value_parser = source())]
    pub source: Option<SourceChoice>,

    /// Dedicated loopback address; without this option, one that is free
    #[arg(long, value_name = "127.X.Y.Z", value_parser = loopback)]
    pub loopback: Option<Ipv4Addr>,

    /// Allow what is otherwise refused; several kinds with commas, or the option again
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    pub allow: Vec<Allow>,
}

impl TermsArgs {
    /// The terms that these options ask for, with a name.
    pub fn terms(&self, name: Name) -> Terms {
        let mut terms = Terms {
            name,
            exclusive: self.exclusive,
            source: self.source.unwrap_or_default(),
            loopback: self.loopback,
            ..Terms::default()
        };
        self.allow.iter().for_each(|kind| kind.ask(&mut terms));
        terms
    }

    /// The given options.
    pub fn given(&self) -> Vec<&'static str> {
        let given = [
            (self.exclusive, "--exclusive"),
            (self.source.is_some(), "--source"),
            (self.loopback.is_some(), "--loopback"),
            (!self.allow.is_empty(), "--allow"),
        ];
        let given = given.into_iter().filter(|(given, _)| *given);
        given.map(|(_, option)| option).collect()
    }
}

fn source() -> impl TypedValueParser<Value = SourceChoice> {
    // The parser accepts only these names, so that the default is never used.
    PossibleValuesParser::new(source::NAMES)
        .map(|name| source::from_name(&name).unwrap_or_default())
}

fn loopback(text: &str) -> Result<Ipv4Addr, String> {
    let addr: Ipv4Addr = text
        .parse()
        .map_err(|_| "write an IPv4 address such as 127.0.0.2".to_owned())?;
    match addr.octets() {
        [127, 0, 0, 1] => Err(
            "127.0.0.1 is the machine's own: choose another of 127.0.0.0/8 (programs of the \
             association see theirs as 127.0.0.1)"
                .to_owned(),
        ),
        [127, 0, 0, 0] | [127, 255, 255, 255] => {
            Err("the first and the last address of 127.0.0.0/8 belong to no host".to_owned())
        }
        [127, ..] => Ok(addr),
        _ => Err("a loopback address is in 127.0.0.0/8, such as 127.0.0.2".to_owned()),
    }
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
    fn a_loopback_address_is_of_127_but_not_the_machines_own() {
        for good in ["127.0.0.2", "127.1.0.0", "127.255.255.254"] {
            assert_eq!(loopback(good).map(|a| a.to_string()).as_deref(), Ok(good));
        }
        for (bad, words) in [
            ("127.0.0.1", "machine's own"),
            ("127.0.0.0", "first and the last"),
            ("127.255.255.255", "first and the last"),
            ("128.0.0.2", "127.0.0.0/8"),
            ("10.0.0.1", "127.0.0.0/8"),
            ("127.0.0.2/32", "such as 127.0.0.2"),
            ("::1", "such as 127.0.0.2"),
            ("", "such as 127.0.0.2"),
        ] {
            assert!(loopback(bad).unwrap_err().contains(words), "{bad}");
        }
    }
}
