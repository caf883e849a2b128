// SPDX-License-Identifier: GPL-2.0

//! `addrctl apply`: makes the machine as policy files say.

use std::io::Write;
use std::path::PathBuf;

use super::open;
use super::policy;
use crate::command::Command;
use crate::error::{Doing, Ended, Error, Subject};
use crate::system::System;

/// Define and change associations, rules and grants as policy files say
///
/// Prints what it changes, a line each, and nothing if the machine is as the files say. A file with
/// a fault changes nothing.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories whose files end in .toml, or - for the standard input
    #[arg(value_name = "FILE|DIR|-", default_value = policy::DIRECTORY)]
    paths: Vec<PathBuf>,

    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Undefine other associations, and take other rules and grants away
    #[arg(long)]
    prune: bool,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("apply", Subject::Thing("the policy".into()));
        let apply = |out: &mut dyn Write| -> Result<(), Ended> {
            let policy = policy::read(system, &self.paths)?;
            let client = open::client(system)?;
            policy::carry_out(system, &client, &policy, self.prune, self.dry_run, out)
        };
        apply(out).or_else(|ended| {
            // What was done is printed before why it ended.
            out.flush().map_err(Error::output)?;
            Err(ended.error(doing))
        })
    }
}
