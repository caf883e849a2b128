// SPDX-License-Identifier: GPL-2.0

//! Arguments of `add`, `remove` and `replace`: a process **or** an association, then
//! addresses. clap cannot describe a first argument that is left out where an option
//! replaces it, so this file tells the words apart.

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::{address_set, TargetArgs};
use crate::address::AddressSet;

/// The process or association whose set changes, and the addresses.
#[derive(Debug)]
pub struct ChangeArgs {
    /// The process or association.
    pub target: TargetArgs,
    /// The addresses to add, to remove, or to put in place.
    pub addresses: AddressSet,
    /// Whether to reset connections on addresses outside the set.
    pub reset: bool,
}

/// The words in the order of the command line.
#[derive(Args, Debug)]
struct Words {
    /// Process id; left out with --association
    #[arg(value_name = "PID")]
    first: String,

    #[arg(help = super::ADDRS_HELP, value_name = "ADDRS")]
    second: Option<String>,

    /// Association id, as `assign` and `list` print it
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    association: Option<u64>,

    /// Reset established connections on addresses that are no longer in the set
    #[arg(long)]
    reset: bool,
}

impl FromArgMatches for ChangeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let words = Words::from_arg_matches(matches)?;
        let (pid, addresses) = match (words.association, words.second) {
            (Some(_), None) => (None, words.first),
            (None, Some(addresses)) => (Some(pid(&words.first)?), addresses),
            (Some(_), Some(_)) => {
                return Err(Error::raw(
                    ErrorKind::ArgumentConflict,
                    "PID cannot be used with --association: name one of them, then ADDRS",
                ))
            }
            (None, None) => {
                return Err(Error::raw(
                    ErrorKind::MissingRequiredArgument,
                    "PID (or --association ID) and ADDRS are both required",
                ))
            }
        };
        let addresses = address_set(&addresses).map_err(|error| invalid(&addresses, &error))?;
        let association = words.association;
        Ok(Self {
            target: TargetArgs { pid, association },
            addresses,
            reset: words.reset,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ChangeArgs {
    fn augment_args(command: Command) -> Command {
        let command = Words::augment_args(command);
        let name = command.get_name().to_owned();
        command.override_usage(format!(
            "addrctl {name} <PID> <ADDRS> [--reset]\n       \
             addrctl {name} --association <ID> <ADDRS> [--reset]"
        ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn pid(text: &str) -> Result<i32, Error> {
    match text.parse() {
        Ok(pid @ 1..) => Ok(pid),
        _ => Err(invalid(text, &"PID is a number, at least 1")),
    }
}

fn invalid(text: &str, problem: &dyn std::fmt::Display) -> Error {
    let message = format!("invalid value '{text}': {problem}");
    Error::raw(ErrorKind::ValueValidation, message)
}
