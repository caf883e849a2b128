// SPDX-License-Identifier: GPL-2.0

//! The output for people.

use std::io::{self, Write};

use super::view::{yes_or_no, Contested, Leftover, Process};
use super::View;
use crate::text::{counted, printable};

/// How many addresses of a set a row lists.
const ADDRESSES_PER_ROW: usize = 4;

/// The headings of the list, and whether the column has numbers, which are aligned at
/// the right.
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

/// Writes a heading, a row for each association, and below them the connections that
/// associations still have on addresses that left their sets.
pub fn list(out: &mut dyn Write, associations: &[View]) -> io::Result<()> {
    aligned(out, COLUMNS, associations.iter().map(row))?;
    associations.iter().try_for_each(|view| notes(out, view))
}

/// Writes headings and rows in columns. Each heading says whether its column has numbers, which
/// are aligned at the right.
pub fn aligned<'a, R: AsRef<[String]>>(
    out: &mut dyn Write,
    columns: impl AsRef<[(&'a str, bool)]>,
    rows: impl Iterator<Item = R>,
) -> io::Result<()> {
    let columns = columns.as_ref();
    let rows: Vec<_> = rows.collect();
    let widths = columns.iter().enumerate().map(|(i, (heading, _))| {
        let cells = rows.iter().map(|row| row.as_ref()[i].as_str());
        let widths = cells.chain([*heading]).map(|cell| cell.chars().count());
        widths.max().unwrap_or(0)
    });
    let widths: Vec<_> = widths.collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(columns).zip(&widths);
        let cells = cells.map(|((cell, (_, number)), &width)| match number {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", line.trim_end())
    };
    line(&mut columns.iter().map(|(heading, _)| *heading))?;
    rows.iter()
        .try_for_each(|row| line(&mut row.as_ref().iter().map(String::as_str)))
}

/// The addresses of a set, as many as fit in a row.
pub fn addresses(all: &[String]) -> String {
    let shown = all.iter().take(ADDRESSES_PER_ROW);
    let mut text = shown.map(String::as_str).collect::<Vec<_>>().join(",");
    if let Some(more @ 1..) = all.len().checked_sub(ADDRESSES_PER_ROW) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn row(view: &View) -> [String; COLUMNS.len()] {
    [
        view.id.to_string(),
        known(view.name.as_ref()),
        addresses(&view.addresses),
        known(view.exclusive.map(yes_or_no)),
        known(view.source),
        known(view.loopback.as_ref()),
        view.process_count.to_string(),
        view.task_count.to_string(),
        known(view.socket_count),
    ]
}

/// Writes a line for each address that left the set of an association while
/// connections on it remain, and for each that the machine does not have.
fn notes(out: &mut dyn Write, view: &View) -> io::Result<()> {
    let id = view.id;
    let name = match &view.name {
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
    for address in view.absent.iter().flatten() {
        writeln!(
            out,
            "note: association {id}{name} has {address}, of which the machine has no address"
        )?;
    }
    // Each pair once.
    let pairs = view.contested.iter().flatten();
    for Contested {
        address,
        association,
    } in pairs.filter(|pair| pair.association > id)
    {
        writeln!(
            out,
            "note: association {id}{name} and association {association} are both exclusive and have \
             {address}"
        )?;
    }
    Ok(())
}

/// Writes everything about one association.
pub fn show(out: &mut dyn Write, view: &View) -> io::Result<()> {
    line(out, "association", view.id)?;
    line(out, "name", known(view.name.as_ref()))?;
    let primary = |address: &str| {
        let mark = if view.primary.is(address) {
            " (primary)"
        } else {
            ""
        };
        format!("{address}{mark}")
    };
    let addresses = view.addresses.iter().map(|address| primary(address));
    column(out, "addresses", addresses)?;
    for (label, value) in view.terms() {
        line(out, label, known(value.filter(|value| !value.is_empty())))?;
    }
    if let Some(uid) = view.granted_to {
        line(out, "granted to", format!("user {uid}"))?;
    }
    column(out, "processes", processes(view))?;
    line(out, "tasks", view.task_count)?;
    line(out, "sockets", known(view.socket_count))?;
    let absent = view.absent.iter().flatten().cloned();
    if absent.clone().next().is_some() {
        column(out, "absent", absent)?;
    }
    leftovers(out, view)
}

/// The processes of an association, one a line, and how many are not among them.
fn processes(view: &View) -> impl Iterator<Item = String> + '_ {
    let listed = view.processes.iter().flatten();
    let hidden = (view.process_count as usize).saturating_sub(listed.clone().count());
    let more = (hidden > 0).then(|| format!("and {hidden} more"));
    let process = |Process { pid, command }: &Process| match command {
        Some(command) => format!("{pid} ({})", printable(command)),
        None => pid.to_string(),
    };
    listed.map(process).chain(more)
}

/// Writes the connections on addresses that left the set, which most associations do not
/// have.
fn leftovers(out: &mut dyn Write, view: &View) -> io::Result<()> {
    let leftover = |leftover: &Leftover| {
        let connections = counted(leftover.connection_count, "connection");
        format!("{} ({connections})", leftover.address)
    };
    let all = view.leftovers.iter().flatten();
    if all.clone().next().is_none() {
        return Ok(());
    }
    column(out, "leftovers", all.map(leftover))
}

/// Writes `lines` one below the other, the first beside `label`; a dash when there are
/// none.
fn column(out: &mut dyn Write, label: &str, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut lines = lines.filter(|line| !line.is_empty());
    line(out, label, known(lines.next()))?;
    lines.try_for_each(|next| line(out, "", next))
}

fn line(out: &mut dyn Write, label: &str, value: impl ToString) -> io::Result<()> {
    writeln!(out, "{label:<13}{}", value.to_string())
}

/// A dash for what is not there or not known.
pub fn known(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
