// SPDX-License-Identifier: GPL-2.0

//! The process or the association that a command is about.

use std::fmt;
use std::str::FromStr;

use addrconf_abi::Name;

use crate::word::{is_number, name};

/// The process or the association that a command is about.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub struct TargetArgs {
    /// Process id, or name of an association
    #[arg(value_name = "PID|NAME", value_parser = whom)]
    pub whom: Option<Whom>,

    /// Association, by its id, as `assign` and `list` print it, or its name
    #[arg(long, value_name = "ID|NAME", value_parser = which)]
    pub association: Option<Which>,
}

impl TargetArgs {
    /// The one that was given. The command line has one of the two; no process has pid 0.
    pub fn whom(&self) -> Whom {
        match (self.association, self.whom) {
            (Some(which), _) => Whom::Association(which),
            (None, whom) => whom.unwrap_or(Whom::Process(0)),
        }
    }
}

/// A process or an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The process with this id.
    Process(i32),
    /// An association.
    Association(Which),
}

/// An association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// With this id.
    Id(u64),
    /// With this name.
    Named(Name),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Named(name) => f.write_str(name.as_str()),
        }
    }
}

/// Reads a process id or a name: what is not a name of a defined association is a number.
pub fn whom(text: &str) -> Result<Whom, String> {
    match number(text, "a process id") {
        Some(pid) => pid.map(Whom::Process),
        None => name(text).map(|name| Whom::Association(Which::Named(name))),
    }
}

/// Reads an id or a name.
pub fn which(text: &str) -> Result<Which, String> {
    match number(text, "an id") {
        Some(id) => id.map(Which::Id),
        None => name(text).map(Which::Named),
    }
}

/// Reads a number of at least 1, which is `what`. `None` if the word is meant as none.
fn number<T: FromStr + PartialOrd + From<u8>>(text: &str, what: &str) -> Option<Result<T, String>> {
    is_number(text).then(|| {
        let number = text.parse().ok().filter(|number| *number >= T::from(1));
        number.ok_or_else(|| format!("{what} is a number, at least 1"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_process_and_a_word_a_name() {
        let shop = Which::Named(Name::new("shop").unwrap());
        assert_eq!(whom("812"), Ok(Whom::Process(812)));
        assert_eq!(whom("shop"), Ok(Whom::Association(shop)));
        assert_eq!(which("3"), Ok(Which::Id(3)));
        assert_eq!(which("shop"), Ok(shop));
        for bad in ["0", "-1", "+0", "99999999999", "", "a b", ".a"] {
            assert!(whom(bad).is_err(), "{bad}");
        }
        for bad in ["0", "-1", "99999999999999999999", "", "a/b"] {
            assert!(which(bad).is_err(), "{bad}");
        }
    }
}
