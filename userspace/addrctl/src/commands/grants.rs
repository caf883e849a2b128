// SPDX-License-Identifier: GPL-2.0

//! `addrctl grants`: which users were granted what.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::client::Grant;
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::{table, Answer};
use crate::refusal::Refusal;
use crate::system::System;

/// The headings of the table, and whether the column has numbers.
const COLUMNS: [(&str, bool); 3] = [
    ("USER", false),
    ("ADDRESSES", false),
    ("ASSOCIATIONS", true),
];

/// List the grants; without privilege, one's own
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `grants`.
#[derive(JsonSchema, Serialize)]
pub struct Listed {
    /// The grants in force, by ascending id of the user.
    grants: Vec<GrantView>,
}

/// A grant.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Grant")]
struct GrantView {
    /// The user.
    uid: u32,
    /// The name of that user, if it has one.
    user: Option<String>,
    /// What it was granted, in the order it was given.
    addresses: Vec<String>,
    /// How many associations it made that are there.
    association_count: u32,
}

impl Answer for Listed {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        table::aligned(out, COLUMNS, self.grants.iter().map(GrantView::row))
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("list", Subject::Thing("the grants".into()));
        let grants = listed(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &Listed { grants })
    }
}

fn listed(system: &dyn System) -> Result<Vec<GrantView>, Reason> {
    let client = open::client(system)?;
    let grants = client
        .grants()
        .map_err(|cause| Refusal::new(system, &client, cause).reason())?;
    let view = |grant| GrantView::new(system, grant);
    Ok(grants.iter().map(view).collect())
}

impl GrantView {
    fn new(system: &dyn System, grant: &Grant) -> Self {
        let entries = grant.addresses.entries();
        Self {
            uid: grant.uid,
            user: system.user_name(grant.uid),
            addresses: entries.iter().map(ToString::to_string).collect(),
            association_count: grant.association_count,
        }
    }

    fn row(&self) -> [String; COLUMNS.len()] {
        [
            self.user.clone().unwrap_or_else(|| self.uid.to_string()),
            table::addresses(&self.addresses),
            self.association_count.to_string(),
        ]
    }
}
