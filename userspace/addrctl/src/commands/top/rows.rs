// SPDX-License-Identifier: GPL-2.0

//! What is known of all associations at one moment, and how fast it changes. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::output::Traffic;

/// An association at one moment. The fields are those of the JSON.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "TopRow")]
pub struct Row {
    /// Its id.
    pub id: u64,
    /// Its name; empty if it has none.
    pub name: String,
    /// How many processes it has.
    pub process_count: u32,
    /// How many tasks (threads) it has.
    pub task_count: u64,
    /// How many sockets it has.
    pub socket_count: u64,
    /// How many calls and packets were refused to it since it was made.
    pub refused_count: u64,
    /// How many a second since the moment before; unknown at the first moment.
    pub refused_per_second: Option<f64>,
    /// What it received and sent; null unless that is counted (`addrctl traffic --on`).
    pub traffic: Option<Traffic>,
    /// How many bytes it received a second since the moment before; null unless that was counted.
    pub received_bytes_per_second: Option<f64>,
    /// The same of bytes it sent.
    pub sent_bytes_per_second: Option<f64>,
}

/// The associations at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When that was, as [`crate::system::System::clock`] tells.
    pub at: Duration,
    /// The associations, in any order.
    pub rows: Vec<Row>,
}

impl Snapshot {
    /// Adds how fast numbers grew since the moment `before`. An association that was not there then
    /// was made since, with every number at 0. If no time has passed, this is unknown.
    pub fn since(mut self, before: &Self) -> Self {
        let seconds = self.at.saturating_sub(before.at).as_secs_f64();
        let earlier: BTreeMap<_, _> = before.rows.iter().map(|row| (row.id, row)).collect();
        for row in &mut self.rows {
            let earlier = earlier.get(&row.id);
            let refused = earlier.map_or(0, |row| row.refused_count);
            row.refused_per_second = rate(refused, row.refused_count, seconds);
            let traffic = row.traffic.zip(match earlier {
                Some(row) => row.traffic,
                None => Some(Traffic::default()),
            });
            let of = |bytes: fn(&Traffic) -> u64| {
                let (now, before) = traffic?;
                rate(bytes(&before), bytes(&now), seconds)
            };
            row.received_bytes_per_second = of(|traffic| traffic.received_bytes);
            row.sent_bytes_per_second = of(|traffic| traffic.sent_bytes);
        }
        self
    }
}

/// How much a number that only grows grew in a second.
fn rate(before: u64, now: u64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| now.saturating_sub(before) as f64 / seconds)
}
