// SPDX-License-Identifier: GPL-2.0

//! `addrctl doctor`: what is wrong on the machine, and what mends it.

mod finding;
mod machine;
mod members;
mod tenants;

use std::io::Write;

use super::args::OutputArgs;
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::Refusal;
use crate::system::System;
use crate::text::counted;

pub use finding::Findings;
use finding::{Check, Finding};

/// Say what is wrong with the machine and its associations, and what mends it
///
/// Prints nothing if nothing is wrong. It changes nothing.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("vouch for", Subject::Thing("the machine".into()));
        let findings = match examine(system) {
            Ok(findings) => findings,
            Err(why) => return Err(doing.failed(why)),
        };
        let found = findings.len() as u64;
        self.output.print(out, &Findings { findings })?;
        if found == 0 {
            return Ok(());
        }
        // What was found is printed before how much it is.
        out.flush().map_err(Error::output)?;
        let what = counted(found, "finding");
        Err(doing.failed(Reason::new(ErrorKind::Unhealthy, what)))
    }
}

fn examine(system: &dyn System) -> Result<Vec<Finding>, Reason> {
    let mut findings = machine::gate(system);
    let client = match open::client(system) {
        Ok(client) => client,
        Err(why) if matches!(why.kind(), ErrorKind::NotLoaded | ErrorKind::NoDevice) => {
            findings.push(Finding::failed(Check::Module, &why));
            return Ok(findings);
        }
        Err(why) => return Err(why),
    };
    let refused = |cause| Refusal::new(system, &client, cause).reason();
    findings.extend(machine::version(client.version().map_err(refused)?.abi));
    findings.extend(machine::policy(system, &client));
    let all = client.describe_all().map_err(refused)?;
    findings.extend(tenants::examine(system, &client, &all));
    Ok(findings)
}
