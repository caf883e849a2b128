// SPDX-License-Identifier: GPL-2.0

//! `addrctl top`: associations and what is refused to them, live in the terminal. It reads
//! the module (`source.rs`) into rows (`rows.rs`), which the model arranges as the user wants
//! (`model.rs`) and the screen shows (`draw.rs`), in columns (`columns.rs`).

mod columns;
mod draw;
mod model;
mod rows;
mod source;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::{table, Answer};
use crate::system::{Input, System};
use columns::columns_of;
use model::Model;
use rows::Row;
use source::Source;

/// The shortest and the longest delay, in seconds.
const DELAYS: (f64, f64) = (0.1, 3600.0);

/// Show associations and what is refused to them, live in the terminal, until q is pressed
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only this association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    /// Seconds from one refresh to the next, from 0.1 to 3600
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = delay)]
    delay: Duration,

    /// Print the table once, after one delay: for scripts, and where there is no terminal
    #[arg(long)]
    batch: bool,

    /// Print JSON, for programs
    #[arg(long, requires = "batch")]
    json: bool,
}

/// The answer of `top --batch`.
#[derive(JsonSchema, Serialize)]
pub struct Measured {
    /// The seconds in which `refused_per_second` was measured.
    seconds: f64,
    /// By ascending id.
    associations: Vec<Row>,
}

impl Answer for Measured {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = columns_of(&self.associations);
        let headings = columns
            .iter()
            .map(|column| (column.heading, column.is_number()));
        let rows = self.associations.iter();
        let rows = rows.map(|row| columns.iter().map(|column| column.cell(row)));
        let rows = rows.map(|cells| cells.collect::<Vec<_>>());
        table::aligned(out, headings.collect::<Vec<_>>(), rows)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::association_or(self.association, "associations");
        let doing = Doing::new("show", whom.clone());
        if self.batch {
            let output = OutputArgs { json: self.json };
            let measured = self.measured(system, whom);
            return output.print(out, &measured.map_err(|why| doing.failed(why))?);
        }
        self.show(system, whom).map_err(|why| doing.failed(why))
    }
}

impl Args {
    fn measured(&self, system: &dyn System, whom: Subject) -> Result<Measured, Reason> {
        let source = Source::open(system, self.association, whom)?;
        let before = source.required_snapshot()?;
        system.sleep(self.delay);
        let now = source.required_snapshot()?.since(&before);
        Ok(Measured {
            seconds: now.at.saturating_sub(before.at).as_secs_f64(),
            associations: now.rows,
        })
    }

    /// Shows the table until the user ends it.
    fn show(&self, system: &dyn System, whom: Subject) -> Result<(), Reason> {
        if !system.is_terminal() {
            let what = "the standard output is no terminal";
            return Err(Reason::new(ErrorKind::Mistaken, what)
                .next("`addrctl top --batch` prints the table once"));
        }
        let source = Source::open(system, self.association, whom)?;
        let mut model = Model::new(self.delay, source.required_snapshot()?);
        source.watch()?;
        model.add(&source.events()?);
        let mut screen = system.screen().map_err(unusable)?;
        let mut next = system.clock() + self.delay;
        loop {
            let drawn = screen.draw(&mut |frame| draw::draw(frame, &mut model));
            drawn.map_err(unusable)?;
            let left = next.saturating_sub(system.clock());
            match screen.input(left).map_err(unusable)? {
                Some(Input::Key(key)) if model.press(key).is_break() => return Ok(()),
                Some(Input::End) => return Ok(()),
                Some(Input::Key(_) | Input::Resized) | None => {}
            }
            // Also while keys come one after the other.
            if system.clock() >= next {
                model.refresh(source.snapshot()?);
                model.add(&source.events()?);
                next = system.clock() + self.delay;
            }
        }
    }
}

fn unusable(cause: io::Error) -> Reason {
    Reason::other(format!("the terminal cannot be used: {cause}"))
}

/// Reads a delay.
fn delay(text: &str) -> Result<Duration, String> {
    let (least, most) = DELAYS;
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| (least..=most).contains(seconds));
    let delay = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    delay.ok_or_else(|| {
        format!("a delay is a number of seconds from {least} to {most}, such as 2 or 0.5")
    })
}
