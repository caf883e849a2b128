// SPDX-License-Identifier: GPL-2.0

//! Arguments that several commands have in common.

mod cgroup;
mod change;
mod output;
mod target;
mod terms;

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use crate::address::AddressSet;
use crate::text::cut;

pub use cgroup::{CgroupArgs, GivenCgroup};
pub use change::ChangeArgs;
pub use output::OutputArgs;
pub use target::{which, whom, TargetArgs, Which, Whom};
pub use terms::{TermsArgs, NAME_HELP};

pub use crate::word::{definable, name};

/// The help of every argument that is a set of addresses.
pub const ADDRS_HELP: &str = "\
Comma-separated IPv4 and IPv6 addresses and prefixes, such as \
10.0.0.1,10.1.0.0/24,2001:db8::1. The first single address of each family is its primary \
address: the source when none is chosen";

/// Parses a set of addresses, for clap. Unlike those of clap its messages do not repeat a
/// thousand addresses.
#[derive(Clone, Copy, Debug)]
pub struct AddressSetParser;

impl TypedValueParser for AddressSetParser {
    type Value = AddressSet;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<AddressSet, Error> {
        // What is not text has a character that no address has.
        let text = value.to_string_lossy();
        text.parse().map_err(|problem| {
            let arg = arg.map_or_else(|| "ADDRS".to_owned(), ToString::to_string);
            let message = format!("invalid value '{}' for '{arg}': {problem}\n", cut(&text));
            Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}
