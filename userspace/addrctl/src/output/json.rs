// SPDX-License-Identifier: GPL-2.0

//! The JSON output. Its schema is documented in `docs/addrctl.md` and stable:
//! fields are added, never changed or removed, within one `version`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Detail, Flushed};
use crate::allow::Allow;
use crate::client::{self, Association};
use crate::source;

/// Version of the schema.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct List<'a> {
    version: u32,
    associations: Vec<Summary<'a>>,
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
    left: Vec<Summary<'a>>,
}

#[derive(Serialize)]
struct Summary<'a> {
    id: u64,
    name: Option<&'a str>,
    addresses: Vec<String>,
    primary: Primary,
    exclusive: Option<bool>,
    source: Option<&'static str>,
    loopback: Option<String>,
    allow: Option<Vec<&'static str>>,
    process_count: u32,
    task_count: u64,
    socket_count: Option<u64>,
    leftovers: Option<Vec<Leftover>>,
    full_port_count: Option<u64>,
}

#[derive(Serialize)]
struct Leftover {
    address: String,
    connection_count: u64,
}

#[derive(Serialize)]
struct Primary {
    ipv4: Option<String>,
    ipv6: Option<String>,
}

#[derive(Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    processes: Vec<Process<'a>>,
}

#[derive(Serialize)]
struct Process<'a> {
    pid: i32,
    command: Option<&'a str>,
}

impl<'a> Summary<'a> {
    fn new(association: &'a Association) -> Self {
        let addresses = &association.addresses;
        let behaviour = association.behaviour;
        Self {
            id: association.id,
            name: association.name.as_deref(),
            addresses: addresses.prefixes().iter().map(|p| p.to_string()).collect(),
            primary: Primary {
                ipv4: addresses.primary_v4().map(|a| a.to_string()),
                ipv6: addresses.primary_v6().map(|a| a.to_string()),
            },
            exclusive: behaviour.map(|b| b.exclusive),
            source: behaviour.map(|b| source::name(b.source)),
            loopback: behaviour.and_then(|b| b.loopback).map(|a| a.to_string()),
            allow: behaviour.and_then(|b| b.flags).map(Allow::names),
            process_count: association.process_count,
            task_count: association.task_count,
            socket_count: behaviour.map(|b| b.socket_count),
            leftovers: association.leftovers.as_ref().map(|all| leftovers(all)),
            full_port_count: association.full_port_count,
        }
    }
}

fn leftovers(all: &[client::Leftover]) -> Vec<Leftover> {
    let leftover = |leftover: &client::Leftover| Leftover {
        address: leftover.addr.to_string(),
        connection_count: leftover.connection_count,
    };
    all.iter().map(leftover).collect()
}

/// Writes what `list --json` prints.
pub fn list(out: &mut dyn Write, associations: &[Association]) -> io::Result<()> {
    let list = List {
        version: VERSION,
        associations: associations.iter().map(Summary::new).collect(),
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
            summary: Summary::new(&detail.association),
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
        left: flushed.left.iter().map(Summary::new).collect(),
    };
    write(out, &flush)
}

fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
