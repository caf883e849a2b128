// SPDX-License-Identifier: GPL-2.0

//! The command line.

mod options;
mod update;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use addrconf_abi::{AssignRequest, Target, DEVICE_PATH};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::address::{AddressSet, ParseSetError};
use crate::error::Error;
use crate::output::Answer;

pub use options::TermsArgs;
pub use update::UpdateArgs;

/// The end of the long help; `docs/addrctl.md` has the same table.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the operation failed or the kernel refused it
  2  wrong usage, an unusable address included; nothing was done
  3  the addrconf module is not loaded
  4  not permitted
  5  no such process or association, or the process is not associated
  6  `flush`: associations are left that still have sockets
`run` exits with the status of CMD, or:
  125  addrctl itself failed, wrong usage included; CMD was not started
  126  CMD was found but could not be executed
  127  CMD was not found";

/// Gives processes and their descendants a fixed set of local IP addresses.
#[derive(Debug, Parser)]
#[command(
    name = "addrctl",
    after_long_help = EXIT_CODES,
    disable_version_flag = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Option<Command>,

    /// Print the versions of addrctl and of the loaded module
    #[arg(short = 'V', long)]
    version: bool,

    /// Control device
    #[arg(long, hide = true, value_name = "PATH", default_value = DEVICE_PATH, global = true)]
    device: PathBuf,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Associate a running process with addresses; prints the association's id
    ///
    /// All threads of the process and all children it makes from now on are
    /// associated with it. Children it already has are only with --tree.
    /// Connections that former owners of the addresses still have there end.
    Assign(AssignArgs),
    /// Run a program that is associated from its first instruction on
    ///
    /// Inside an association it gives the program a part of the addresses there,
    /// which needs no privilege.
    Run(RunArgs),
    /// Add addresses to a set whose processes run
    ///
    /// Connections that former owners of these addresses still have there end.
    Add(UpdateArgs),
    /// Remove addresses from a set whose processes run
    Remove(UpdateArgs),
    /// Replace a set whose processes run by another one
    ///
    /// Connections that former owners of the new addresses still have there end.
    /// Given the set that is in place, with --reset, it ends only what is left on
    /// addresses that the set had before.
    Replace(UpdateArgs),
    /// End the association of one process, or of every task of an association
    Release(TargetArgs),
    /// End every association, before `rmmod`
    ///
    /// Processes go on running, with the addresses of the machine. Waits up to
    /// two seconds for the associations to vanish and prints which are left,
    /// because processes hold sockets of theirs open.
    Flush(OutputArgs),
    /// List all associations
    List(OutputArgs),
    /// Show one association with its addresses and processes
    Show(ShowArgs),
    /// Print the versions of addrctl and of the loaded module
    Version,
}

/// Addresses, as the help of several options explains them.
const ADDRS_HELP: &str = "\
Comma-separated IPv4 and IPv6 addresses and prefixes, such as \
10.0.0.1,10.1.0.0/24,2001:db8::1. The first single address of each family is its primary \
address: the source when none is chosen";

/// Arguments of `assign`.
#[derive(Args, Debug)]
pub struct AssignArgs {
    /// Process id
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: i32,

    #[arg(help = ADDRS_HELP, value_name = "ADDRS", value_parser = address_set)]
    pub addresses: AddressSet,

    /// Associate the process's descendants as well
    #[arg(long)]
    pub tree: bool,

    /// Reset established connections whose local address is not among these
    #[arg(long)]
    pub reset: bool,

    #[command(flatten)]
    pub terms: TermsArgs,
}

impl AssignArgs {
    /// What they ask of the module.
    pub fn request(&self) -> AssignRequest {
        AssignRequest {
            terms: self.terms.terms(),
            tree: self.tree,
            reset: self.reset,
            ..AssignRequest::about(Target::Pid(self.pid))
        }
    }
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    #[arg(long = "addr", help = ADDRS_HELP, value_name = "ADDRS", value_parser = address_set)]
    pub addresses: AddressSet,

    #[command(flatten)]
    pub terms: TermsArgs,

    /// Program and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

/// Whom a command is about.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct TargetArgs {
    /// Process id
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: Option<i32>,

    /// Association id, as `assign` and `list` print it
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    pub association: Option<u64>,
}

/// Arguments of `show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// How to print.
#[derive(Args, Clone, Copy, Debug)]
pub struct OutputArgs {
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

impl OutputArgs {
    /// Prints `answer` as the user chose.
    pub fn print(self, out: &mut dyn Write, answer: &impl Answer) -> Result<(), Error> {
        let written = if self.json {
            answer.json(out)
        } else {
            answer.table(out)
        };
        written.map_err(Error::Write)
    }
}

impl Cli {
    /// Reads a command line; returns what to do and the control device.
    pub fn read(args: &[OsString]) -> Result<(Command, PathBuf), clap::Error> {
        let cli = Self::try_parse_from(args)?;
        match cli.command {
            _ if cli.version => Ok((Command::Version, cli.device)),
            Some(command) => Ok((command, cli.device)),
            None => Err(Self::command().error(
                ErrorKind::MissingSubcommand,
                "a command is required, `addrctl --help` lists them",
            )),
        }
    }

    /// Whether a command line that could not be parsed was meant for `run`,
    /// whose exit codes below 125 belong to the program it runs.
    pub fn meant_run(args: &[OsString]) -> bool {
        let mut args = args.iter().skip(1);
        while let Some(arg) = args.next() {
            if arg == "--device" {
                args.next();
            } else if !arg.as_encoded_bytes().starts_with(b"-") {
                return arg == "run";
            }
        }
        false
    }
}

fn address_set(text: &str) -> Result<AddressSet, ParseSetError> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_before_run_do_not_hide_it() {
        let meant = |line: &str| {
            let args: Vec<_> = line.split(' ').map(OsString::from).collect();
            Cli::meant_run(&args)
        };
        assert!(meant("addrctl run --bogus"));
        assert!(meant("addrctl --device /dev/x run"));
        assert!(meant("addrctl --device=/dev/x run"));
        assert!(!meant("addrctl --device run list"));
        assert!(!meant("addrctl list run"));
    }
}
