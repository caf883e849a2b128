// SPDX-License-Identifier: GPL-2.0

//! `addrctl monitor`: events as they happen.

mod journal;

use std::io::Write;

use super::args::{which, Which};
use super::open;
use crate::command::Command;
use crate::error::{Doing, Ended, Error};
use crate::output::EventView;
use crate::refusal::Refusal;
use crate::system::System;

/// Show refusals and changes of associations as they happen, until it is interrupted
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only of this association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    /// Begin with the last refusals, which the module remembers
    #[arg(long)]
    recent: bool,

    /// Print JSON, for programs: an object on each line
    #[arg(long)]
    json: bool,

    /// Send the events to the journal of systemd, with fields to search for, and print nothing
    #[arg(long, conflicts_with = "json")]
    journal: bool,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::association_or(self.association, "events");
        let doing = Doing::new("monitor", whom);
        self.show(system, out).map_err(|ended| ended.error(doing))
    }
}

impl Args {
    fn show(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Ended> {
        let entries = self.journal.then(|| system.journal());
        let entries = entries.transpose().map_err(journal::closed)?;
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        let only = open::only(system, &client, self.association)?;
        client.watch(only, self.recent).map_err(refused)?;
        loop {
            let events = client.events(true).map_err(refused)?;
            if events.is_empty() {
                return Ok(());
            }
            for event in &events {
                match &entries {
                    Some(entries) => journal::tell(system, entries, event)?,
                    None if self.json => EventView::new(event).json_line(out)?,
                    None => EventView::new(event).line(out)?,
                }
            }
            out.flush()?;
        }
    }
}
