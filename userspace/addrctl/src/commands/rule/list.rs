// SPDX-License-Identifier: GPL-2.0

//! `addrctl rule list`: the rules in force, in their order.

use std::io::{self, Write};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::change;
use crate::client::{Association, Rule};
use crate::command::Command;
use crate::commands::args::OutputArgs;
use crate::commands::open;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::{table, Answer};
use crate::refusal::Refusal;
use crate::system::System;
use crate::text::printable;

/// The headings of the table, and whether the column has numbers.
const COLUMNS: [(&str, bool); 6] = [
    ("ID", true),
    ("PROGRAM", false),
    ("USER", false),
    ("GROUP", false),
    ("CGROUP", false),
    ("TO", false),
];

/// List the rules, the first that applies first
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `rule list`.
#[derive(JsonSchema, Serialize)]
pub struct Listed {
    /// The rules in force, the first that applies first.
    rules: Vec<RuleView>,
}

/// A rule. What it does not name is null.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Rule")]
struct RuleView {
    /// Its id, never 0.
    id: u32,
    /// The path of the program when the rule was added.
    program: Option<String>,
    /// The user.
    uid: Option<u32>,
    /// The group.
    gid: Option<u32>,
    /// The path of the control group, as in `/proc/PID/cgroup`.
    cgroup: Option<String>,
    /// Where it puts tasks.
    association: To,
    /// The names of the user and the group, else their numbers.
    #[serde(skip)]
    user: Option<String>,
    #[serde(skip)]
    group: Option<String>,
}

/// The association that a rule puts tasks into.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RuleTarget")]
struct To {
    /// Its id.
    id: u64,
    /// Its name.
    name: Option<String>,
}

impl Answer for Listed {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        table::aligned(out, COLUMNS, self.rules.iter().map(RuleView::row))
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("list", Subject::Thing("the rules".into()));
        let listed = listed(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &listed)
    }
}

fn listed(system: &dyn System) -> Result<Listed, Reason> {
    let client = open::client(system)?;
    let rules = change::read(system, &client)?.rules;
    let mut ids: Vec<_> = rules.iter().map(|rule| rule.association).collect();
    ids.sort_unstable();
    ids.dedup();
    let associations = client
        .describe(&ids)
        .map_err(|cause| Refusal::new(system, &client, cause).reason())?;
    let view = |rule| RuleView::new(system, rule, &associations);
    Ok(Listed {
        rules: rules.iter().map(view).collect(),
    })
}

impl RuleView {
    fn new(system: &dyn System, rule: &Rule, associations: &[Association]) -> Self {
        let to = associations.iter().find(|a| a.id == rule.association);
        let name = to.map(|to| to.terms.name.as_str().to_owned());
        let written = |path: &PathBuf| path.to_string_lossy().into_owned();
        let or_number = |name: Option<String>, number: u32| name.unwrap_or(number.to_string());
        Self {
            id: rule.id,
            program: rule.program.as_ref().map(written),
            uid: rule.uid,
            gid: rule.gid,
            cgroup: rule.cgroup.as_ref().map(written),
            association: To {
                id: rule.association,
                name: name.filter(|name| !name.is_empty()),
            },
            user: rule.uid.map(|uid| or_number(system.user_name(uid), uid)),
            group: rule.gid.map(|gid| or_number(system.group_name(gid), gid)),
        }
    }

    fn row(&self) -> [String; COLUMNS.len()] {
        let to = &self.association;
        [
            self.id.to_string(),
            table::known(self.program.as_deref().map(printable)),
            table::known(self.user.as_ref()),
            table::known(self.group.as_ref()),
            table::known(self.cgroup.as_deref().map(printable)),
            to.name.clone().unwrap_or_else(|| to.id.to_string()),
        ]
    }
}
