// SPDX-License-Identifier: GPL-2.0

//! `addrctl stats`: how often something was refused.

use std::io::{self, Write};

use addrconf_abi::Operation;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, Reason};
use crate::output::{table, Answer, Refusals};
use crate::refusal::Refusal;
use crate::system::System;

/// Show how often calls and packets of associations were refused
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only of this association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `stats`.
#[derive(JsonSchema, Serialize)]
pub struct Counted {
    /// By ascending id.
    pub associations: Vec<Stats>,
}

/// How often something was refused to one association.
#[derive(JsonSchema, Serialize)]
pub struct Stats {
    /// Its id.
    pub id: u64,
    /// Its name; empty if it has none.
    pub name: String,
    /// What was refused to it.
    #[serde(flatten)]
    pub refusals: Refusals,
}

impl Answer for Counted {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            ("ID", true),
            ("NAME", false),
            ("OPERATION", false),
            ("REFUSED", true),
        ];
        let rows = self.associations.iter().flat_map(|stats| {
            let some = Operation::ALL.iter().filter_map(|operation| {
                let refused = *stats.refusals.refused.get(operation.name())?;
                (refused > 0).then(|| (operation.name(), refused))
            });
            some.map(|(operation, refused)| {
                [
                    stats.id.to_string(),
                    stats.name.clone(),
                    operation.to_owned(),
                    refused.to_string(),
                ]
            })
        });
        table::aligned(out, columns, rows)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::association_or(self.association, "associations");
        let doing = Doing::new("stats", whom);
        let counted = self.counted(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &counted)
    }
}

impl Args {
    fn counted(&self, system: &dyn System) -> Result<Counted, Reason> {
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        let only = open::only(system, &client, self.association)?;
        let all = client.counted(only).map_err(refused)?;
        let associations = all.into_iter().map(|of| Stats {
            id: of.id,
            name: of.name,
            refusals: Refusals::new(&of.counts),
        });
        Ok(Counted {
            associations: associations.collect(),
        })
    }
}
