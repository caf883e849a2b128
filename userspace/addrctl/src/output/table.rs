// SPDX-License-Identifier: GPL-2.0

//! The output for people.

use std::io::{self, Write};
use std::net::IpAddr;

use super::view::View;
use super::{Detail, Flushed};
use crate::client::Association;
use crate::explain::printable;

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
    let views: Vec<_> = associations.iter().map(View::new).collect();
    rows.extend(views.iter().map(row));
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
    views.iter().try_for_each(|view| notes(out, view))
}

/// Writes a line for each address that an association lost but not its connections
/// there.
fn notes(out: &mut dyn Write, view: &View<'_>) -> io::Result<()> {
    let id = view.id;
    let name = match view.name {
        Some(name) => format!(" ({name})"),
        None => String::new(),
    };
    for leftover in view.leftovers.iter().flatten() {
        writeln!(
            out,
            "note: association {id}{name} still has {} on {}, which left its set; `addrctl \
             replace --reset` ends them",
            counted(leftover.connection_count, "connection"),
            leftover.address,
        )?;
    }
    Ok(())
}

/// A number of things.
fn counted(count: u64, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

fn row(view: &View<'_>) -> [String; COLUMNS.len()] {
    let shown = view.addresses.iter().take(ADDRESSES_PER_ROW);
    let mut addresses = shown.map(String::as_str).collect::<Vec<_>>().join(",");
    if let Some(more @ 1..) = view.addresses.len().checked_sub(ADDRESSES_PER_ROW) {
        addresses.push_str(&format!(" and {more} more"));
    }
    [
        view.id.to_string(),
        known(view.name),
        addresses,
        known(yes_or_no(view)),
        known(view.source),
        known(view.loopback.as_deref()),
        view.process_count.to_string(),
        view.task_count.to_string(),
        known(view.socket_count),
    ]
}

/// A dash for what is not there or not known.
fn known(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn yes_or_no(view: &View<'_>) -> Option<&'static str> {
    view.exclusive
        .map(|exclusive| if exclusive { "yes" } else { "no" })
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
    let view = View::new(association);
    writeln!(out, "association  {}", view.id)?;
    writeln!(out, "name         {}", known(view.name))?;

    let set = &association.addresses;
    let primaries: [Option<IpAddr>; 2] = [
        set.primary_v4().map(IpAddr::V4),
        set.primary_v6().map(IpAddr::V6),
    ];
    let addresses = set.entries().iter().map(|prefix| {
        if prefix.is_host() && primaries.contains(&Some(prefix.addr)) {
            format!("{prefix} (primary)")
        } else {
            prefix.to_string()
        }
    });
    column(out, "addresses    ", addresses)?;

    writeln!(out, "exclusive    {}", known(yes_or_no(&view)))?;
    writeln!(out, "source       {}", known(view.source))?;
    writeln!(out, "loopback     {}", known(view.loopback.as_deref()))?;
    let allowed = view.allow.as_ref().filter(|kinds| !kinds.is_empty());
    writeln!(
        out,
        "allows       {}",
        known(allowed.map(|kinds| kinds.join(",")))
    )?;

    let hidden = (association.process_count as usize).saturating_sub(detail.processes.len());
    let processes = detail.processes.iter().map(|(pid, comm)| match comm {
        Some(comm) => format!("{pid} ({})", printable(comm)),
        None => pid.to_string(),
    });
    let more = (hidden > 0).then(|| format!("and {hidden} more"));
    column(out, "processes    ", processes.chain(more))?;
    writeln!(out, "tasks        {}", view.task_count)?;
    writeln!(out, "sockets      {}", known(view.socket_count))?;
    trouble(out, &view)
}

/// Writes what is seldom there: connections on addresses that left the set, and
/// ports with too many sockets.
fn trouble(out: &mut dyn Write, view: &View<'_>) -> io::Result<()> {
    let leftovers = view.leftovers.iter().flatten();
    let leftovers: Vec<_> = leftovers
        .map(|l| {
            format!(
                "{} ({})",
                l.address,
                counted(l.connection_count, "connection")
            )
        })
        .collect();
    if !leftovers.is_empty() {
        column(out, "leftovers    ", leftovers.into_iter())?;
    }
    match view.full_port_count {
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
