// SPDX-License-Identifier: GPL-2.0

//! `addrctl define`: makes an association that has a name and is there without processes.

use std::io::Write;

use addrconf_abi::Name;
use rustix::io::Errno;

use super::args::{definable, AddressSetParser, OutputArgs, TermsArgs, ADDRS_HELP, NAME_HELP};
use super::associate;
use super::exclusive::{self, Claim, Claimant};
use super::open;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::Made;
use crate::refusal::Refusal;
use crate::system::System;

/// Define an association, and print its id
///
/// It has its id, its addresses and its 127.0.0.1 from now on, without a process, until
/// `undefine`. `run NAME` and `assign PID --to NAME` put processes into it. Ends the
/// connections that former owners of the addresses still have on them.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(help = NAME_HELP, value_name = "NAME", value_parser = definable)]
    name: Name,

    #[arg(help = ADDRS_HELP, value_name = "ADDRS", value_parser = AddressSetParser)]
    addresses: AddressSet,

    #[command(flatten)]
    terms: TermsArgs,

    /// Share addresses with another exclusive association all the same
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    output: OutputArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = Subject::Association(self.name.as_str().to_owned().into());
        let doing = Doing::new("define", whom).and(format!("with {}", self.addresses));
        let id = self.define(system).map_err(|why| doing.failed(why))?;
        associate::note_absent(system, &self.addresses);
        self.output.print(out, &Made { id })
    }
}

impl Args {
    fn define(&self, system: &dyn System) -> Result<u64, Reason> {
        let client = open::client(system)?;
        let terms = self.terms.terms(self.name);
        let claim = terms.exclusive.then_some(Claim {
            claimant: Claimant::Defined(self.name),
            addresses: &self.addresses,
            force: self.force,
        });
        let services = exclusive::permit(system, &client, claim)?;
        let id = client.define(terms, &self.addresses).map_err(|cause| {
            let refusal = Refusal::new(system, &client, cause);
            match refusal.errno() {
                Some(Errno::NOTUNIQ) => associate::name_taken(self.name),
                Some(Errno::ADDRINUSE) => associate::in_use(&client, terms.loopback),
                _ => refusal.reason(),
            }
        })?;
        services.note(system, &client);
        Ok(id)
    }
}
