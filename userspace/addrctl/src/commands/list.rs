// SPDX-License-Identifier: GPL-2.0

//! `addrctl list`: all associations.

use std::io::{self, Write};

use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::client::Association;
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::{table, Answer, View};
use crate::refusal::Refusal;
use crate::system::System;

/// List all associations
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `list`.
#[derive(Serialize)]
pub struct Listed {
    /// All associations, by ascending id.
    pub associations: Vec<View>,
}

impl Answer for Listed {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        table::list(out, &self.associations)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("list", Subject::Thing("associations".into()));
        let found = all(system).map_err(|why| doing.failed(why))?;
        let local = system.local_addresses();
        let view = |a: &Association| View::new(a).beside(a, local.as_deref());
        let associations = found.iter().map(view).collect();
        self.output.print(out, &Listed { associations })
    }
}

fn all(system: &dyn System) -> Result<Vec<Association>, Reason> {
    let client = open::client(system)?;
    let found = client.list().and_then(|ids| client.describe(&ids));
    found.map_err(|cause| Refusal::new(system, &client, cause).reason())
}
