// SPDX-License-Identifier: GPL-2.0

//! `addrctl add`: adds addresses to the set of an association.

use std::io::Write;

use addrconf_abi::Change;

use super::args::ChangeArgs;
use super::update::update;
use crate::command::Command;
use crate::error::Error;
use crate::system::System;

/// Add addresses to a set whose processes run
///
/// Connections that former owners of these addresses still have there end.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        update(system, Change::Add, &self.change, out)
    }
}
