// SPDX-License-Identifier: GPL-2.0

//! `addrctl export`: what is in force, as policy files.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::allow::Allow;
use crate::client::{Association, Client, Rule as InForce};
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::Answer;
use crate::policy_file::{Grant, Place, Rule, Tenant, TermsWanted, Written};
use crate::refusal::Refusal;
use crate::system::System;

/// Print what is in force as a policy file
///
/// A file describes one tenant, so name one; without a name, the grants are printed.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A defined association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `export`.
#[derive(JsonSchema, Serialize)]
pub struct Exported {
    /// The policy file.
    policy: Written,
}

impl Answer for Exported {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = self.policy.text().map_err(io::Error::other)?;
        out.write_all(text.as_bytes())
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = match self.association {
            Some(which) => open::association(which),
            None => Subject::Thing("the grants".into()),
        };
        let doing = Doing::new("export", whom);
        let policy = self.policy(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &Exported { policy })
    }
}

impl Args {
    fn policy(&self, system: &dyn System) -> Result<Written, Reason> {
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        let Some(which) = self.association else {
            let grants = client.grants().map_err(refused)?;
            let grants: Vec<_> = grants
                .into_iter()
                .map(|grant| Grant {
                    user: system
                        .user_name(grant.uid)
                        .unwrap_or_else(|| grant.uid.to_string()),
                    addresses: grant.addresses,
                    place: Place::nowhere(),
                })
                .collect();
            return Ok(Written::grants(&grants));
        };
        let id = open::id(system, &client, which)?;
        let found = client
            .query(addrconf_abi::Target::Association(id))
            .map_err(refused)?;
        if !found.defined {
            let what = "it is not a defined one, and ends with its last process and socket";
            return Err(Reason::new(ErrorKind::NotDefined, what));
        }
        let rules = rules(system, &client, id)?;
        Ok(Written::tenant(&tenant(&found, rules)))
    }
}

fn rules(system: &dyn System, client: &Client<'_>, id: u64) -> Result<Vec<Rule>, Reason> {
    let all = client
        .rules()
        .map_err(|cause| Refusal::new(system, client, cause).reason())?;
    let into = all.rules.iter().filter(|rule| rule.association == id);
    Ok(into.map(|rule| described(system, rule)).collect())
}

/// A rule in words. A unit is named by its control group.
fn described(system: &dyn System, rule: &InForce) -> Rule {
    let or_number = |name: Option<String>, number: u32| name.unwrap_or_else(|| number.to_string());
    let written = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    Rule {
        exe: rule.program.as_ref().map(written),
        uid: rule.uid.map(|uid| or_number(system.user_name(uid), uid)),
        gid: rule.gid.map(|gid| or_number(system.group_name(gid), gid)),
        cgroup: rule.cgroup.as_ref().map(written),
        unit: None,
        place: Place::nowhere(),
    }
}

fn tenant(found: &Association, rules: Vec<Rule>) -> Tenant {
    let terms = found.terms;
    Tenant {
        name: terms.name,
        addresses: found.addresses.clone(),
        terms: TermsWanted {
            exclusive: terms.exclusive,
            source: terms.source,
            loopback: terms.loopback,
            host_loopback: terms.host_loopback,
            signal: terms.signal,
            allow: Allow::all_in(terms),
        },
        rules,
        place: Place::nowhere(),
    }
}
