// SPDX-License-Identifier: GPL-2.0

//! The JSON output: `docs/addrctl.md` has its schema.

use std::io::{self, Write};

use serde::Serialize;

use super::view::View;
use super::{Detail, Flushed};
use crate::client::Association;

/// Version of the schema.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct List<'a> {
    version: u32,
    associations: Vec<View<'a>>,
}

#[derive(Serialize)]
struct Show<'a> {
    version: u32,
    association: Full<'a>,
}

#[derive(Serialize)]
struct Flush<'a> {
    version: u32,
    found_count: usize,
    ended_count: usize,
    task_count: u64,
    left: Vec<View<'a>>,
}

#[derive(Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    view: View<'a>,
    processes: Vec<Process<'a>>,
}

#[derive(Serialize)]
struct Process<'a> {
    pid: i32,
    command: Option<&'a str>,
}

/// Writes what `list --json` prints.
pub fn list(out: &mut dyn Write, associations: &[Association]) -> io::Result<()> {
    let list = List {
        version: VERSION,
        associations: associations.iter().map(View::new).collect(),
    };
    write(out, &list)
}

/// Writes what `show --json` prints.
pub fn show(out: &mut dyn Write, detail: &Detail) -> io::Result<()> {
    let processes = detail.processes.iter().map(|(pid, command)| Process {
        pid: *pid,
        command: command.as_deref(),
    });
    let show = Show {
        version: VERSION,
        association: Full {
            view: View::new(&detail.association),
            processes: processes.collect(),
        },
    };
    write(out, &show)
}

/// Writes what `flush --json` prints.
pub fn flush(out: &mut dyn Write, flushed: &Flushed) -> io::Result<()> {
    let flush = Flush {
        version: VERSION,
        found_count: flushed.found,
        ended_count: flushed.ended,
        task_count: flushed.task_count,
        left: flushed.left.iter().map(View::new).collect(),
    };
    write(out, &flush)
}

fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
