// SPDX-License-Identifier: GPL-2.0

//! `addrctl rule`: the rules by which tasks become members of an association when they execute
//! a program.

pub mod add;
mod change;
pub mod list;
mod refused;
pub mod remove;

use std::io::Write;

use clap::Subcommand;

use crate::command::Command;
use crate::error::Error;
use crate::system::System;

/// Take processes in when they execute a program
///
/// When a task that is in no association executes a program, the first rule all of whose
/// criteria apply makes it a member of a defined association, before the first instruction of
/// the program. What cannot be taken in does not run.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to do with the rules.
    #[command(subcommand)]
    what: What,
}

/// The commands about rules, in the order of the help.
#[derive(Debug, Subcommand)]
enum What {
    Add(add::Args),
    List(list::Args),
    Remove(remove::Args),
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        match &self.what {
            What::Add(command) => command.run(system, out),
            What::List(command) => command.run(system, out),
            What::Remove(command) => command.run(system, out),
        }
    }
}
