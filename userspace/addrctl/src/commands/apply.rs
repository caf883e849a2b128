// SPDX-License-Identifier: GPL-2.0

//! `addrctl apply`: makes the machine as policy files say.

use std::io::{self, Write};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use super::policy::{self, Change, Extent, Failed};
use crate::command::Command;
use crate::error::{Doing, Error, Subject};
use crate::output::Answer;
use crate::policy_file::Fault;
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

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `apply`.
#[derive(JsonSchema, Serialize)]
pub struct Applied {
    /// Nothing was changed: this is what would be.
    dry_run: bool,
    /// What was changed, in this order. If a call failed, what was changed before it.
    changes: Vec<Change>,
    /// Why nothing was changed, if files have faults.
    faults: Vec<Fault>,
}

impl Answer for Applied {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let would = if self.dry_run { "would " } else { "" };
        let mut changes = self.changes.iter();
        changes.try_for_each(|change| writeln!(out, "{would}{change}"))
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("apply", Subject::Thing("the policy".into()));
        let mut applied = Applied {
            dry_run: self.dry_run,
            changes: Vec::new(),
            faults: Vec::new(),
        };
        let Err(failed) = self.apply(system, &mut applied.changes) else {
            return self.output.print(out, &applied);
        };
        applied.faults = failed.faults;
        if !(applied.changes.is_empty() && applied.faults.is_empty()) {
            // What was done is printed before why it ended.
            self.output.print(out, &applied)?;
            out.flush().map_err(Error::output)?;
        }
        Err(doing.failed(failed.why))
    }
}

impl Args {
    fn apply(&self, system: &dyn System, changes: &mut Vec<Change>) -> Result<(), Failed> {
        let policy = policy::read(system, &self.paths)?;
        let client = open::client(system)?;
        let extent = Extent {
            prune: self.prune,
            dry_run: self.dry_run,
        };
        policy::carry_out(system, &client, &policy, extent, changes)
    }
}
