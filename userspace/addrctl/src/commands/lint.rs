// SPDX-License-Identifier: GPL-2.0

//! `addrctl lint`: checks policy files, without the module.

use std::io::{self, Write};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::policy;
use crate::command::Command;
use crate::error::{Doing, Error, Subject};
use crate::output::Answer;
use crate::policy_file::{Fault, Policy};
use crate::system::System;
use crate::text::counted;

/// Check policy files, without the module
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories whose files end in .toml, or - for the standard input
    #[arg(value_name = "FILE|DIR|-", default_value = policy::DIRECTORY)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `lint`.
#[derive(JsonSchema, Serialize)]
pub struct Linted {
    /// What the files describe; null if they have a fault.
    policy: Option<Described>,
    /// What is wrong with the files, in their order.
    faults: Vec<Fault>,
}

/// How much policy files describe.
#[derive(JsonSchema, Serialize)]
struct Described {
    /// How many tenants.
    tenant_count: usize,
    /// How many rules.
    rule_count: usize,
    /// How many grants.
    grant_count: usize,
}

impl Described {
    fn new(policy: &Policy) -> Self {
        Self {
            tenant_count: policy.tenants.len(),
            rule_count: policy.tenants.iter().map(|tenant| tenant.rules.len()).sum(),
            grant_count: policy.grants.len(),
        }
    }
}

impl Answer for Linted {
    /// Faults are in the message of the error, which goes to the standard error.
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        writeln!(
            out,
            "{}, {}, {}",
            counted(policy.tenant_count as u64, "tenant"),
            counted(policy.rule_count as u64, "rule"),
            counted(policy.grant_count as u64, "grant"),
        )
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("accept", Subject::Thing("the policy".into()));
        let failed = match policy::read(system, &self.paths) {
            Ok(policy) => {
                let linted = Linted {
                    policy: Some(Described::new(&policy)),
                    faults: Vec::new(),
                };
                return self.output.print(out, &linted);
            }
            Err(failed) => failed,
        };
        if !failed.faults.is_empty() {
            let linted = Linted {
                policy: None,
                faults: failed.faults,
            };
            self.output.print(out, &linted)?;
            out.flush().map_err(Error::output)?;
        }
        Err(doing.failed(failed.why))
    }
}
