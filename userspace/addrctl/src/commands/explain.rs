// SPDX-License-Identifier: GPL-2.0

//! `addrctl explain`: why calls of a process were refused.

use std::io::{self, Write};

use addrconf_abi::Happening;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::{Answer, EventView};
use crate::refusal::Refusal;
use crate::system::System;

/// Show what was refused to a process lately, and why
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Process id, also of one that has exited
    #[arg(value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: i32,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `explain`.
#[derive(JsonSchema, Serialize)]
pub struct Explained {
    /// Refusals of the process, the oldest first, as far as the module remembers them.
    pub refusals: Vec<EventView>,
    #[serde(skip)]
    pid: i32,
}

impl Answer for Explained {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.refusals.is_empty() {
            return writeln!(
                out,
                "the module remembers no refusal of process {}; `addrctl monitor` shows new ones",
                self.pid
            );
        }
        self.refusals.iter().try_for_each(|view| view.line(out))
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let process = open::named(system, self.pid);
        let doing = Doing::new("explain", Subject::Process(process));
        let explained = self.explained(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &explained)
    }
}

impl Args {
    fn explained(&self, system: &dyn System) -> Result<Explained, Reason> {
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        client.watch(None, true).map_err(refused)?;
        let mut refusals = Vec::new();
        loop {
            let events = client.events(false).map_err(refused)?;
            if events.is_empty() {
                break;
            }
            let ours = events.iter().filter(|event| {
                event.what == Some(Happening::Refused) && event.pid == self.pid.unsigned_abs()
            });
            refusals.extend(ours.map(EventView::new));
        }
        Ok(Explained {
            refusals,
            pid: self.pid,
        })
    }
}
