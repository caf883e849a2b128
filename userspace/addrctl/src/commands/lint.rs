// SPDX-License-Identifier: GPL-2.0

//! `addrctl lint`: checks policy files, without the module.

use std::io::Write;
use std::path::PathBuf;

use super::policy;
use crate::command::Command;
use crate::error::{Doing, Error, Subject};
use crate::system::System;
use crate::text::counted;

/// Check policy files, without the module
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories whose files end in .toml, or - for the standard input
    #[arg(value_name = "FILE|DIR|-", default_value = policy::DIRECTORY)]
    paths: Vec<PathBuf>,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("accept", Subject::Thing("the policy".into()));
        let policy = policy::read(system, &self.paths).map_err(|why| doing.failed(why))?;
        let rules: usize = policy.tenants.iter().map(|tenant| tenant.rules.len()).sum();
        writeln!(
            out,
            "{}, {}, {}",
            counted(policy.tenants.len() as u64, "tenant"),
            counted(rules as u64, "rule"),
            counted(policy.grants.len() as u64, "grant"),
        )
        .map_err(Error::output)
    }
}
