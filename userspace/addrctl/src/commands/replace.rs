// SPDX-License-Identifier: GPL-2.0

//! `addrctl replace`: replaces the set of an association.

use std::io::Write;

use addrconf_abi::Change;

use super::args::ChangeArgs;
use super::update::Update;
use crate::command::Command;
use crate::error::{Doing, Error};
use crate::system::System;

/// Replace the set of running processes by another one
///
/// Ends the connections that former owners of the new addresses still have on them.
/// With --reset and the set that is in place, it only ends the connections left on
/// addresses that the set had before.
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
            change: Change::Replace,
            args: &self.change,
            force: self.force,
            doing: |addresses, whom| {
                Doing::new("replace the set of", whom).and(format!("by {addresses}"))
            },
            meaning: |_| None,
        };
        update.run(system, out)
    }
}
