// SPDX-License-Identifier: GPL-2.0

//! `addrctl assign`: associates a running process.

use std::io::Write;

use addrconf_abi::{AssignRequest, Name, Target};

use super::args::{name, which, AddressSetParser, TermsArgs, Which, ADDRS_HELP, NAME_HELP};
use super::associate::{associate, join};
use super::open;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::system::System;

/// Associate a running process, and print the association's id
///
/// Makes an association with ADDRS, which ends with its last process; or puts the process
/// into one that is there (--to).
///
/// All threads of the process are associated, and all children that it makes from
/// now on. Children that it already has are associated only with --tree. Ends the
/// connections that former owners of the addresses still have on them.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Process id
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pid: i32,

    #[arg(
        help = ADDRS_HELP,
        value_name = "ADDRS",
        value_parser = AddressSetParser,
        required_unless_present = "to"
    )]
    addresses: Option<AddressSet>,

    /// Put the process into the association with this name or id
    #[arg(
        long,
        value_name = "NAME|ID",
        value_parser = which,
        conflicts_with_all = [
            "addresses", "name", "exclusive", "source", "loopback", "host_loopback", "on_refusal",
            "allow",
        ]
    )]
    to: Option<Which>,

    /// Associate the process's descendants as well
    #[arg(long)]
    tree: bool,

    /// Associate process 1, or a process in which addrctl itself runs, all the same
    #[arg(long)]
    force: bool,

    /// Reset established connections whose local address is not among these
    #[arg(long)]
    reset: bool,

    #[arg(long, help = NAME_HELP, value_name = "NAME", value_parser = name)]
    name: Option<Name>,

    #[command(flatten)]
    terms: TermsArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        if !self.force {
            self.permit(system)?;
        }
        let request = AssignRequest {
            terms: self.terms.terms(self.name.unwrap_or_default()),
            tree: self.tree,
            reset: self.reset,
            ..AssignRequest::about(Target::Pid(self.pid))
        };
        let id = match (&self.addresses, self.to) {
            (Some(addresses), _) => associate(system, self.pid, addresses, &request)?,
            (None, Some(to)) => join(system, self.pid, to, &request)?,
            // clap requires one of them.
            (None, None) => return Ok(()),
        };
        writeln!(out, "{id}").map_err(Error::output)
    }
}

impl Args {
    /// Refuses processes that are meant by mistake.
    fn permit(&self, system: &dyn System) -> Result<(), Error> {
        let (what, next) = if self.pid == 1 {
            (
                "it starts everything else on the machine, which would be associated as well",
                "name the process of a service, or use --force",
            )
        } else if system.ancestors().contains(&self.pid) {
            (
                "addrctl itself runs in it, and what runs in it from now on could neither change \
                 nor end the association",
                "start a program with `addrctl run`, or use --force, and another terminal to end it",
            )
        } else {
            return Ok(());
        };
        let whom = Subject::Process(open::named(system, self.pid));
        let why = Reason::new(ErrorKind::Mistaken, what).next(next);
        Err(Doing::new("associate", whom).failed(why))
    }
}
