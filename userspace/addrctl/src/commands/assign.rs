// SPDX-License-Identifier: GPL-2.0

//! `addrctl assign`: associates a running process.

use std::io::Write;

use addrconf_abi::{AssignRequest, Target};

use super::args::{address_set, TermsArgs, ADDRS_HELP};
use super::associate::associate;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::Error;
use crate::system::System;

/// Associate a running process with addresses, and print the association's id
///
/// All threads of the process are associated, and all children that it makes from
/// now on. Children that it already has are associated only with --tree. Ends the
/// connections that former owners of the addresses still have on them.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Process id
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pid: i32,

    #[arg(help = ADDRS_HELP, value_name = "ADDRS", value_parser = address_set)]
    addresses: AddressSet,

    /// Associate the process's descendants as well
    #[arg(long)]
    tree: bool,

    /// Reset established connections whose local address is not among these
    #[arg(long)]
    reset: bool,

    #[command(flatten)]
    terms: TermsArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let request = AssignRequest {
            terms: self.terms.terms(),
            tree: self.tree,
            reset: self.reset,
            ..AssignRequest::about(Target::Pid(self.pid))
        };
        let id = associate(system, self.pid, &self.addresses, &request)?;
        writeln!(out, "{id}").map_err(Error::output)
    }
}
