// SPDX-License-Identifier: GPL-2.0

//! `addrctl traffic`: what the sockets of associations send and receive.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, Reason};
use crate::output::{table, Answer, Traffic};
use crate::refusal::Refusal;
use crate::system::System;

/// Show how much associations sent and received while that was counted
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only of this association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    /// Count from now on, for all associations
    #[arg(long, conflicts_with = "off")]
    on: bool,

    /// Count no more. The numbers stay
    #[arg(long)]
    off: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `traffic`.
#[derive(JsonSchema, Serialize)]
pub struct Counted {
    /// Whether traffic is counted now.
    pub counted: bool,
    /// By ascending id.
    pub associations: Vec<OfOne>,
}

/// The traffic of one association.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TrafficOfOne")]
pub struct OfOne {
    /// Its id.
    id: u64,
    /// Its name; empty if it has none.
    name: String,
    #[serde(flatten)]
    traffic: Traffic,
}

impl Answer for Counted {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.counted {
            writeln!(out, "traffic is not counted; `addrctl traffic --on` begins")?;
        }
        let columns = [
            ("ID", true),
            ("NAME", false),
            ("RECEIVED", true),
            ("BYTES", true),
            ("SENT", true),
            ("BYTES", true),
        ];
        let rows = self.associations.iter().map(|association| {
            let traffic = association.traffic;
            let numbers = [
                traffic.received_packets,
                traffic.received_bytes,
                traffic.sent_packets,
                traffic.sent_bytes,
            ];
            let [received, received_bytes, sent, sent_bytes] = numbers.map(|n| n.to_string());
            [
                association.id.to_string(),
                association.name.clone(),
                received,
                received_bytes,
                sent,
                sent_bytes,
            ]
        });
        table::aligned(out, columns, rows)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::association_or(self.association, "associations");
        let doing = Doing::new("show the traffic of", whom);
        let counted = self.counted(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &counted)
    }
}

impl Args {
    fn counted(&self, system: &dyn System) -> Result<Counted, Reason> {
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        let only = open::only(system, &client, self.association)?;
        let change = (self.on || self.off).then_some(self.on);
        let counted = client.traffic(change).map_err(refused)?;
        let all = client.counted(only).map_err(refused)?;
        let associations = all.into_iter().map(|of| OfOne {
            id: of.id,
            name: of.name,
            traffic: Traffic::new(&of.counts),
        });
        Ok(Counted {
            counted,
            associations: associations.collect(),
        })
    }
}
