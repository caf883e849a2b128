// SPDX-License-Identifier: GPL-2.0

//! `addrctl metrics`: numbers for a monitoring system, as OpenMetrics text.

mod http;

use std::io::Write;

use addrconf_abi::{Operation, Target};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rustix::io::Errno;

use super::open;
use crate::client::{Association, CallError, Client};
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::refusal::Refusal;
use crate::system::System;

/// Print numbers of all associations as OpenMetrics text, for a monitoring system
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Answer one request over HTTP, from the standard input to the standard output, for
    /// addrconf-metrics.socket
    #[arg(long)]
    http: bool,
}

/// The labels of what belongs to an association.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    id: u64,
    name: String,
}

/// The labels of a number of refusals.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    id: u64,
    name: String,
    operation: &'static str,
}

/// What is told of all associations.
#[derive(Default)]
struct Metrics {
    associations: Gauge,
    processes: Family<Of, Gauge>,
    tasks: Family<Of, Gauge>,
    sockets: Family<Of, Gauge>,
    refused: Family<Refused, Counter>,
    held_back: Family<Of, Counter>,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        if self.http {
            return http::serve(system, out, || text(system)).map_err(Error::output);
        }
        let doing = Doing::new("read", Subject::Thing("metrics".into()));
        let text = text(system).map_err(|why| doing.failed(why))?;
        out.write_all(text.as_bytes()).map_err(Error::output)
    }
}

fn text(system: &dyn System) -> Result<String, Reason> {
    let client = open::client(system)?;
    let refused = |cause| Refusal::new(system, &client, cause).reason();
    let metrics = Metrics::default();
    let found = client.describe_all();
    for association in found.map_err(refused)? {
        metrics.add(&client, &association).map_err(refused)?;
    }
    let mut text = String::new();
    encode(&mut text, &metrics.registry())
        .map_err(|_| Reason::other("the numbers cannot be written as text"))?;
    Ok(text)
}

impl Metrics {
    fn add(&self, client: &Client<'_>, association: &Association) -> Result<(), CallError> {
        let counts = match client.counts(Target::Association(association.id)) {
            Ok(counts) => counts,
            // It has ended meanwhile.
            Err(CallError::Refused(Errno::NOENT)) => return Ok(()),
            Err(cause) => return Err(cause),
        };
        let (id, name) = (association.id, association.terms.name.as_str().to_owned());
        let set = |family: &Family<Of, Gauge>, number: u64| {
            let of = Of {
                id,
                name: name.clone(),
            };
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            family.get_or_create(&of).set(number);
        };
        self.associations.inc();
        set(&self.processes, association.process_count.into());
        set(&self.tasks, association.task_count);
        set(&self.sockets, association.socket_count);
        for (operation, number) in Operation::ALL.iter().zip(counts.refused) {
            let labels = Refused {
                id,
                name: name.clone(),
                operation: operation.name(),
            };
            self.refused.get_or_create(&labels).inc_by(number);
        }
        let of = Of { id, name };
        self.held_back.get_or_create(&of).inc_by(counts.held_back);
        Ok(())
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("addrconf");
        let gauges = [
            ("processes", "Processes", &self.processes),
            ("tasks", "Tasks (threads)", &self.tasks),
            ("sockets", "Sockets", &self.sockets),
        ];
        let associations = self.associations.clone();
        all.register("associations", "Associations", associations);
        for (name, help, family) in gauges {
            all.register(name, format!("{help} of an association"), family.clone());
        }
        let refused = self.refused.clone();
        all.register("refused", "Calls and packets that were refused", refused);
        let held_back = self.held_back.clone();
        let help = "Events of which nobody was told, as there were too many in a second";
        all.register("events_held_back", help, held_back);
        all
    }
}
