// SPDX-License-Identifier: GPL-2.0

//! `addrctl self`: the association that addrctl itself is in, for its members.

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::Answer;
use crate::system::System;

/// Show the association that addrctl itself runs in, without any privilege
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `self`.
#[derive(JsonSchema, Serialize)]
pub struct Own {
    /// Its id.
    pub id: u64,
    /// Its name; empty if it has none.
    pub name: String,
    /// Its set; at the end `...` if not all of it is shown.
    pub addresses: Vec<String>,
    /// Its dedicated loopback address.
    pub loopback: Option<String>,
    /// How many tasks (threads) it has.
    pub task_count: u64,
    /// How many sockets it has.
    pub socket_count: u64,
    /// How often each operation was refused, without those that never were.
    pub refused: BTreeMap<String, u64>,
    #[serde(skip)]
    text: String,
}

impl Answer for Own {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("self", Subject::Thing("association".into()));
        let own = own(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &own)
    }
}

fn own(system: &dyn System) -> Result<Own, Reason> {
    let text = system.own_state().map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound if !system.is_loaded() => {
            Reason::new(ErrorKind::NotLoaded, "the addrconf module is not loaded")
        }
        io::ErrorKind::NotFound => {
            Reason::new(ErrorKind::Mismatch, "the module is older than this addrctl")
                .next("install the matching pair")
        }
        _ => Reason::other(format!("sysfs cannot be read: {cause}")),
    })?;
    if text.is_empty() {
        let what = "addrctl is in no association here";
        return Err(Reason::new(ErrorKind::NotFound, what)
            .next("`addrctl show PID` tells about other processes"));
    }
    read(text).ok_or_else(|| Reason::other("sysfs has something that addrctl does not understand"))
}

/// Reads what sysfs shows.
fn read(text: String) -> Option<Own> {
    let field = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim)
    };
    let number = |name| field(name)?.parse().ok();
    let refused = field("refused")?.split_whitespace().map(|word| {
        let (operation, count) = word.split_once('=')?;
        Some((operation.to_owned(), count.parse().ok()?))
    });
    Some(Own {
        id: number("id")?,
        name: field("name")?.to_owned(),
        addresses: field("addresses")?
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        loopback: field("loopback")
            .filter(|&addr| addr != "-")
            .map(str::to_owned),
        task_count: number("tasks")?,
        socket_count: number("sockets")?,
        refused: refused.collect::<Option<_>>()?,
        text,
    })
}
