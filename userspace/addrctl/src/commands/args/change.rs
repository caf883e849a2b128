// SPDX-License-Identifier: GPL-2.0

//! Arguments of `add`, `remove` and `replace`: a process **or** an association, then
//! addresses. clap cannot describe a first argument that is left out where an option
//! replaces it, so this file tells the words apart.

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::output::OutputArgs;
use super::target::{which, whom, TargetArgs, Which, Whom};
use crate::address::AddressSet;
use crate::text::cut;

/// The process or association whose set changes, and the addresses.
#[derive(Debug)]
pub struct ChangeArgs {
    /// The process or association.
    pub target: TargetArgs,
    /// The addresses to add, to remove, or to put in place.
    pub addresses: AddressSet,
    /// Whether to reset connections on addresses outside the set.
    pub reset: bool,
    /// How to print.
    pub output: OutputArgs,
}

/// The words in the order of the command line.
#[derive(Args, Debug)]
struct Words {
    /// Process id, or name of an association; left out with --association
    #[arg(value_name = "PID|NAME")]
    first: String,

    #[arg(help = super::ADDRS_HELP, value_name = "ADDRS")]
    second: Option<String>,

    /// Association, by its id, as `assign` and `list` print it, or its name
    #[arg(long, value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    /// Reset established connections on addresses that are no longer in the set
    #[arg(long)]
    reset: bool,

    #[command(flatten)]
    output: OutputArgs,
}

impl FromArgMatches for ChangeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let words = Words::from_arg_matches(matches)?;
        let (whom, addresses) =
            match (words.association, words.second) {
                (Some(_), None) => (None, words.first),
                (None, Some(addresses)) => (Some(read(&words.first)?), addresses),
                (Some(_), Some(_)) => return Err(Error::raw(
                    ErrorKind::ArgumentConflict,
                    "PID or NAME cannot be used with --association: give one of them, then ADDRS",
                )),
                (None, None) => {
                    return Err(Error::raw(
                        ErrorKind::MissingRequiredArgument,
                        "PID or NAME (or --association) and ADDRS are both required",
                    ))
                }
            };
        let addresses: AddressSet = addresses
            .parse()
            .map_err(|error| invalid(&addresses, &error))?;
        let association = words.association;
        Ok(Self {
            target: TargetArgs { whom, association },
            addresses,
            reset: words.reset,
            output: words.output,
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
            "addrctl {name} <PID|NAME> <ADDRS> [OPTIONS]\n       \
             addrctl {name} --association <ID|NAME> <ADDRS> [OPTIONS]"
        ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn read(text: &str) -> Result<Whom, Error> {
    whom(text).map_err(|problem| invalid(text, &problem))
}

fn invalid(text: &str, problem: &dyn std::fmt::Display) -> Error {
    let message = format!("invalid value '{}': {problem}", cut(text));
    Error::raw(ErrorKind::ValueValidation, message)
}
