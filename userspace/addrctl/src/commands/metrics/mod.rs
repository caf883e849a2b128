// SPDX-License-Identifier: GPL-2.0

//! `addrctl metrics`: numbers for a monitoring system, as OpenMetrics text.

mod http;
mod open_metrics;

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::client::{Association, CallError, Client};
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::{Answer, Refusals, Traffic};
use crate::refusal::Refusal;
use crate::system::System;

/// Print numbers of all associations as OpenMetrics text, for a monitoring system
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Answer one request over HTTP, from the standard input to the standard output, for
    /// addrconf-metrics.socket
    #[arg(long, conflicts_with = "json")]
    http: bool,

    /// Print the older text format of Prometheus, which the textfile collector of the node exporter
    /// reads
    #[arg(long, conflicts_with_all = ["http", "json"])]
    textfile: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `metrics`.
#[derive(JsonSchema, Serialize)]
pub struct Numbers {
    /// How many associations there are.
    association_count: usize,
    /// The numbers of each, by ascending id.
    associations: Vec<OfOne>,
}

/// The numbers of one association.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Metrics")]
struct OfOne {
    /// Its id.
    id: u64,
    /// Its name; empty if it has none.
    name: String,
    /// How many processes it has.
    process_count: u32,
    /// How many tasks (threads) it has.
    task_count: u64,
    /// How many sockets it has.
    socket_count: u64,
    #[serde(flatten)]
    refusals: Refusals,
    /// What it received and sent; null unless that is counted (`addrctl traffic --on`).
    traffic: Option<Traffic>,
}

impl Answer for Numbers {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = open_metrics::text(self).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        if self.http {
            return http::serve(system, out, || text(system)).map_err(Error::output);
        }
        let doing = Doing::new("read", Subject::Thing("metrics".into()));
        if self.textfile {
            let text = text(system).map_err(|why| doing.failed(why))?;
            let written = out.write_all(open_metrics::older(&text).as_bytes());
            return written.map_err(Error::output);
        }
        let numbers = numbers(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &numbers)
    }
}

fn text(system: &dyn System) -> Result<String, Reason> {
    let numbers = numbers(system)?;
    open_metrics::text(&numbers).map_err(|_| Reason::other("the numbers cannot be written as text"))
}

fn numbers(system: &dyn System) -> Result<Numbers, Reason> {
    let client = open::client(system)?;
    let refused = |cause| Refusal::new(system, &client, cause).reason();
    let found = client.describe_all().map_err(refused)?;
    let has_traffic = client.counts_traffic();
    let counted = found
        .iter()
        .filter_map(|association| of_one(&client, association, has_traffic).transpose());
    let associations: Vec<_> = counted.collect::<Result<_, _>>().map_err(refused)?;
    Ok(Numbers {
        association_count: associations.len(),
        associations,
    })
}

/// The numbers of an association; `None` if it has ended meanwhile.
fn of_one(
    client: &Client<'_>,
    association: &Association,
    has_traffic: bool,
) -> Result<Option<OfOne>, CallError> {
    let Some(counts) = client.counts_of(association.id)? else {
        return Ok(None);
    };
    Ok(Some(OfOne {
        id: association.id,
        name: association.terms.name.as_str().to_owned(),
        process_count: association.process_count,
        task_count: association.task_count,
        socket_count: association.socket_count,
        refusals: Refusals::new(&counts),
        traffic: has_traffic.then(|| Traffic::new(&counts)),
    }))
}
