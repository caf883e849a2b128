// SPDX-License-Identifier: GPL-2.0

//! `addrctl add`: adds addresses to the set of an association.

use std::io::Write;

use addrconf_abi::Change;
use rustix::io::Errno;

use super::args::ChangeArgs;
use super::update::{Refused, Update};
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason};
use crate::system::System;

/// Add addresses to the set of running processes
///
/// Ends the connections that former owners of the addresses still have on them.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    change: ChangeArgs,

    /// Share addresses of an exclusive set with another exclusive association all the same
    #[arg(long)]
    force: bool,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let update = Update {
            change: Change::Add,
            args: &self.change,
            force: self.force,
            doing: |addresses, whom| Doing::new(format!("add {addresses} to the set of"), whom),
            meaning,
        };
        update.run(system, out)
    }
}

fn meaning(refused: &Refused<'_>) -> Option<Reason> {
    if refused.errno() != Some(Errno::EXIST) {
        return None;
    }
    let there = refused.one_of(|entry| refused.has(entry));
    let why = Reason::new(
        ErrorKind::AlreadyInSet,
        format!("{there} in the set already"),
    );
    Some(why.next("nothing was changed, name only new ones"))
}
