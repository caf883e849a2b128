// SPDX-License-Identifier: GPL-2.0

//! The output for people.

use std::io::{self, Write};
use std::net::IpAddr;

use super::{Detail, Flushed};
use crate::allow::Allow;
use crate::client::Association;
use crate::explain::printable;
use crate::source;

/// So many addresses of a set are listed in a table row.
const ADDRESSES_PER_ROW: usize = 4;

/// The columns of the list; numbers stand at the right of theirs.
const COLUMNS: [(&str, bool); 9] = [
    ("ID", true),
    ("NAME", false),
    ("ADDRESSES", false),
    ("EXCLUSIVE", false),
    ("SOURCE", false),
    ("LOOPBACK", false),
    ("PROCESSES", true),
    ("TASKS", true),
    ("SOCKETS", true),
];

/// Writes one row for each association under a heading, and below what they still
/// have on addresses that left their sets.
pub fn list(out: &mut dyn Write, associations: &[Association]) -> io::Result<()> {
    let mut rows = vec![COLUMNS.map(|(heading, _)| heading.to_owned())];
    rows.extend(associations.iter().map(row));
    let mut widths = [0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(COLUMNS).zip(widths);
        let cells = cells.map(|((cell, (_, number)), width)| {
            if number {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  "))?;
    }
    associations.iter().try_for_each(|a| notes(out, a))
}

/// Writes a line for each address that an association lost but not its connections
/// there.
fn notes(out: &mut dyn Write, association: &Association) -> io::Result<()> {
    let id = association.id;
    let name = match &association.name {
        Some(name) => format!(" ({name})"),
        None => String::new(),
    };
    for leftover in association.leftovers.iter().flatten() {
        writeln!(
            out,
            "note: association {id}{name} still has {} on {}, which left its set; `addrctl \
             replace --reset` ends them",
            counted(leftover.connection_count, "connection"),
            leftover.addr,
        )?;
    }
    Ok(())
}

/// A number of things.
fn counted(count: u64, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

fn row(association: &Association) -> [String; COLUMNS.len()] {
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
    let [exclusive, source, loopback, sockets] = behaviour(association);
    [
        association.id.to_string(),
        association.name.clone().unwrap_or_else(|| "-".to_owned()),
        addresses,
        exclusive,
        source,
        loopback,
        association.process_count.to_string(),
        association.task_count.to_string(),
        sockets,
    ]
}

/// How an association behaves, in words; a dash for what is not known.
fn behaviour(association: &Association) -> [String; 4] {
    let Some(behaviour) = association.behaviour else {
        return ["-"; 4].map(str::to_owned);
    };
    let exclusive = if behaviour.exclusive { "yes" } else { "no" };
    let loopback = behaviour.loopback.map(|addr| addr.to_string());
    [
        exclusive.to_owned(),
        source::name(behaviour.source).to_owned(),
        loopback.unwrap_or_else(|| "-".to_owned()),
        behaviour.socket_count.to_string(),
    ]
}

/// What an association allows; a dash for nothing, and for what is not known.
fn allowed(association: &Association) -> String {
    let flags = association.behaviour.and_then(|behaviour| behaviour.flags);
    match Allow::names(flags.unwrap_or_default())[..] {
        [] => "-".to_owned(),
        ref names => names.join(","),
    }
}

/// Writes how many associations ended, and which did not.
pub fn flush(out: &mut dyn Write, flushed: &Flushed) -> io::Result<()> {
    let ended = counted(flushed.ended as u64, "association");
    let tasks = counted(flushed.task_count, "task");
    write!(out, "{ended} ended, {tasks} released")?;
    if flushed.left.is_empty() {
        return writeln!(out);
    }
    writeln!(out, "; left:")?;
    list(out, &flushed.left)
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

    let [exclusive, source, loopback, sockets] = behaviour(association);
    writeln!(out, "exclusive    {exclusive}")?;
    writeln!(out, "source       {source}")?;
    writeln!(out, "loopback     {loopback}")?;
    writeln!(out, "allows       {}", allowed(association))?;

    let hidden = (association.process_count as usize).saturating_sub(detail.processes.len());
    let processes = detail.processes.iter().map(|(pid, comm)| match comm {
        Some(comm) => format!("{pid} ({})", printable(comm)),
        None => pid.to_string(),
    });
    let more = (hidden > 0).then(|| format!("and {hidden} more"));
    column(out, "processes    ", processes.chain(more))?;
    writeln!(out, "tasks        {}", association.task_count)?;
    writeln!(out, "sockets      {sockets}")?;
    trouble(out, association)
}

/// Writes what is seldom there: connections on addresses that left the set, and
/// ports with too many sockets.
fn trouble(out: &mut dyn Write, association: &Association) -> io::Result<()> {
    let leftovers = association.leftovers.iter().flatten();
    let leftovers: Vec<_> = leftovers
        .map(|l| format!("{} ({})", l.addr, counted(l.connection_count, "connection")))
        .collect();
    if !leftovers.is_empty() {
        column(out, "leftovers    ", leftovers.into_iter())?;
    }
    match association.full_port_count {
        None | Some(0) => Ok(()),
        Some(count) => writeln!(out, "full ports   {}", counted(count, "refusal")),
    }
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
