// SPDX-License-Identifier: GPL-2.0

//! The numbers as OpenMetrics text.

use std::collections::BTreeSet;
use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Numbers, OfOne};

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
    received_packets: Family<Of, Counter>,
    received_bytes: Family<Of, Counter>,
    sent_packets: Family<Of, Counter>,
    sent_bytes: Family<Of, Counter>,
}

/// The numbers as OpenMetrics text.
pub fn text(numbers: &Numbers) -> Result<String, fmt::Error> {
    let metrics = Metrics::default();
    for association in &numbers.associations {
        metrics.add(association);
    }
    let mut text = String::new();
    encode(&mut text, &metrics.registry())?;
    Ok(text)
}

/// OpenMetrics text in the older text format of Prometheus (version 0.0.4), where the name of a
/// counter has its suffix everywhere.
pub fn older(text: &str) -> String {
    let is_counter = |line: &&str| line.starts_with("# TYPE ") && line.ends_with(" counter");
    let name = |line: &str| line.split(' ').nth(2).map(str::to_owned);
    let counters: BTreeSet<_> = text.lines().filter(is_counter).filter_map(name).collect();
    let mut older = String::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        match name(line).filter(|name| line.starts_with("# ") && counters.contains(name)) {
            Some(name) => older += &line.replacen(&name, &format!("{name}_total"), 1),
            None => older += line,
        }
        older.push('\n');
    }
    older
}

impl Metrics {
    fn add(&self, association: &OfOne) {
        let of = Of {
            id: association.id,
            name: association.name.clone(),
        };
        let set = |family: &Family<Of, Gauge>, number: u64| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            family.get_or_create(&of).set(number);
        };
        self.associations.inc();
        set(&self.processes, association.process_count.into());
        set(&self.tasks, association.task_count);
        set(&self.sockets, association.socket_count);
        for (&operation, &number) in &association.refusals.refused {
            let labels = Refused {
                id: of.id,
                name: of.name.clone(),
                operation,
            };
            self.refused.get_or_create(&labels).inc_by(number);
        }
        let held_back = association.refusals.held_back;
        self.held_back.get_or_create(&of).inc_by(held_back);
        if let Some(traffic) = association.traffic {
            for (family, number) in [
                (&self.received_packets, traffic.received_packets),
                (&self.received_bytes, traffic.received_bytes),
                (&self.sent_packets, traffic.sent_packets),
                (&self.sent_bytes, traffic.sent_bytes),
            ] {
                family.get_or_create(&of).inc_by(number);
            }
        }
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
        for (name, help, family) in [
            (
                "received_packets",
                "IP packets that sockets received",
                &self.received_packets,
            ),
            (
                "received_bytes",
                "Bytes of IP packets that sockets received",
                &self.received_bytes,
            ),
            (
                "sent_packets",
                "IP packets that sockets sent",
                &self.sent_packets,
            ),
            (
                "sent_bytes",
                "Bytes of IP packets that sockets sent",
                &self.sent_bytes,
            ),
        ] {
            all.register(name, help, family.clone());
        }
        all
    }
}
