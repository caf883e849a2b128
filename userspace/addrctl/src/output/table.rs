// SPDX-License-Identifier: GPL-2.0

//! The output for people.

use std::io::{self, Write};
use std::net::IpAddr;

use super::Detail;
use crate::client::Association;
use crate::explain::printable;

/// So many addresses of a set are listed in a table row.
const ADDRESSES_PER_ROW: usize = 4;

/// Writes one row for each association under a heading.
pub fn list(out: &mut dyn Write, associations: &[Association]) -> io::Result<()> {
    let heading = ["ID", "NAME", "ADDRESSES", "PROCESSES", "TASKS"].map(str::to_owned);
    let mut rows = vec![heading];
    rows.extend(associations.iter().map(row));
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let (id, name, addresses, processes, tasks) =
        (width(0), width(1), width(2), width(3), width(4));
    for row in &rows {
        let [a, b, c, d, e] = row;
        // Numbers to the right, words to the left.
        writeln!(
            out,
            "{a:>id$}  {b:<name$}  {c:<addresses$}  {d:>processes$}  {e:>tasks$}"
        )?;
    }
    Ok(())
}

fn row(association: &Association) -> [String; 5] {
    let prefixes = association.addresses.prefixes();
    let shown: Vec<_> = prefixes
        .iter()
        .take(ADDRESSES_PER_ROW)
        .map(ToString::to_string)
        .collect();
    let mut addresses = shown.join(",");
    if let Some(more @ 1..) = prefixes.len().checked_sub(ADDRESSES_PER_ROW) {
        addresses.push_str(&format!(" and {more} more"));
    }
    [
        association.id.to_string(),
        association.name.clone().unwrap_or_else(|| "-".to_owned()),
        addresses,
        association.process_count.to_string(),
        association.task_count.to_string(),
    ]
}

/// Writes everything about one association.
pub fn show(out: &mut dyn Write, detail: &Detail) -> io::Result<()> {
    let association = &detail.association;
    writeln!(out, "association  {}", association.id)?;
    let name = association.name.as_deref().unwrap_or("-");
    writeln!(out, "name         {name}")?;

    let set = &association.addresses;
    let primaries: [Option<IpAddr>; 2] = [
        set.primary_v4().map(IpAddr::V4),
        set.primary_v6().map(IpAddr::V6),
    ];
    let addresses = set.prefixes().iter().map(|prefix| {
        if prefix.is_host() && primaries.contains(&Some(prefix.addr())) {
            format!("{prefix} (primary)")
        } else {
            prefix.to_string()
        }
    });
    column(out, "addresses    ", addresses)?;

    let hidden = (association.process_count as usize).saturating_sub(detail.processes.len());
    let processes = detail.processes.iter().map(|(pid, comm)| match comm {
        Some(comm) => format!("{pid} ({})", printable(comm)),
        None => pid.to_string(),
    });
    let more = (hidden > 0).then(|| format!("and {hidden} more"));
    column(out, "processes    ", processes.chain(more))?;
    writeln!(out, "tasks        {}", association.task_count)
}

/// Writes `lines` one below the other, the first after `label`.
fn column(out: &mut dyn Write, label: &str, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return writeln!(out, "{label}-");
    }
    for (i, line) in lines.enumerate() {
        let label = if i == 0 { label } else { "" };
        writeln!(out, "{label:<13}{line}")?;
    }
    Ok(())
}
