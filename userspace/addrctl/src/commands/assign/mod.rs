// SPDX-License-Identifier: GPL-2.0

//! `addrctl assign`: associates a running process, or all of a control group.

mod cgroup;

use std::io::{self, Write};

use addrconf_abi::{AssignRequest, Name, Target};
use schemars::JsonSchema;
use serde::Serialize;

use super::args::{
    name, which, AddressSetParser, CgroupArgs, OutputArgs, TermsArgs, Which, ADDRS_HELP, NAME_HELP,
};
use super::associate::{associate, join};
use super::open;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::Answer;
use crate::system::System;
use crate::text::counted;

/// Associate a running process, and print the association's id
///
/// Makes an association with ADDRS, which ends with its last process; or puts the process
/// into one that is there (--to).
///
/// All threads of the process are associated, and all children that it makes from
/// now on. Children that it already has are associated only with --tree. Ends the
/// connections that former owners of the addresses still have on them.
///
/// In place of PID, --cgroup and --unit name every process of a control group and of the groups
/// below it. Those that are no members yet join, and their number is printed. Processes that come
/// later are taken in with `addrctl rule add --cgroup`.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "\
addrctl assign <PID> <ADDRS> [OPTIONS]
       addrctl assign <PID> --to <NAME|ID> [--tree] [--reset] [--force]
       addrctl assign --cgroup <PATH> | --unit <UNIT> --to <NAME|ID> [--reset] [--force]",
    mut_arg("cgroup", |arg| arg.requires("to")),
    mut_arg("unit", |arg| arg.requires("to").help(
        "Control group of this unit of systemd, which must be running, with all below it"
    ))
)]
pub struct Args {
    /// Process id
    #[arg(
        value_parser = clap::value_parser!(i32).range(1..),
        required_unless_present_any = ["cgroup", "unit"],
        conflicts_with_all = ["cgroup", "unit"]
    )]
    pid: Option<i32>,

    #[arg(
        help = ADDRS_HELP,
        value_name = "ADDRS",
        value_parser = AddressSetParser,
        required_unless_present_any = ["to", "cgroup", "unit"]
    )]
    addresses: Option<AddressSet>,

    #[command(flatten)]
    cgroup: CgroupArgs,

    /// Put the process or processes into the association with this name or id
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
    #[arg(long, conflicts_with_all = ["cgroup", "unit"])]
    tree: bool,

    /// Associate process 1, or a process in which addrctl itself runs, all the same; and share
    /// addresses with another exclusive association
    #[arg(long)]
    force: bool,

    /// Reset established connections whose local address is not among these
    #[arg(long)]
    reset: bool,

    #[arg(long, help = NAME_HELP, value_name = "NAME", value_parser = name)]
    name: Option<Name>,

    #[command(flatten)]
    terms: TermsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `assign`.
#[derive(JsonSchema, Serialize)]
pub struct Assigned {
    /// The id of the association.
    id: u64,
    /// How many processes of a control group joined; null where one process was named.
    joined_count: Option<u64>,
}

impl Answer for Assigned {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.joined_count {
            None => writeln!(out, "{}", self.id),
            Some(joined) => writeln!(out, "{} joined", counted(joined, "process")),
        }
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let assigned = match (self.pid, self.cgroup.given(), self.to) {
            (Some(pid), _, to) => Assigned {
                id: self.assign(system, pid, to)?,
                joined_count: None,
            },
            (None, Some(given), Some(to)) => {
                cgroup::join_all(system, given, to, self.reset, self.force)?
            }
            // clap requires one of the two, and --to with the second.
            (None, _, _) => return Ok(()),
        };
        self.output.print(out, &assigned)
    }
}

impl Args {
    /// Associates one process; returns the id of its association.
    fn assign(&self, system: &dyn System, pid: i32, to: Option<Which>) -> Result<u64, Error> {
        if !self.force {
            permit(system, pid)?;
        }
        let request = AssignRequest {
            terms: self.terms.terms(self.name.unwrap_or_default()),
            tree: self.tree,
            reset: self.reset,
            ..AssignRequest::about(Target::Pid(pid))
        };
        match (&self.addresses, to) {
            (Some(addresses), _) => associate(system, pid, addresses, &request, self.force),
            (None, Some(to)) => join(system, pid, to, &request),
            // clap requires one of them.
            (None, None) => Ok(0),
        }
    }
}

/// Refuses processes that are meant by mistake.
fn permit(system: &dyn System, pid: i32) -> Result<(), Error> {
    let (what, next) = if pid == 1 {
        (
            "it starts everything else on the machine, which would be associated as well",
            "name the process of a service, or use --force",
        )
    } else if system.ancestors().contains(&pid) {
        (
            "addrctl itself runs in it, and what runs in it from now on could neither change nor \
             end the association",
            "start a program with `addrctl run`, or use --force, and another terminal to end it",
        )
    } else {
        return Ok(());
    };
    let whom = Subject::Process(open::named(system, pid));
    let why = Reason::new(ErrorKind::Mistaken, what).next(next);
    Err(Doing::new("associate", whom).failed(why))
}
