// SPDX-License-Identifier: GPL-2.0

//! `addrctl list`: all associations.

use std::io::{self, Write};

use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::client::{Association, CallError, Client};
use crate::command::Command;
use crate::error::Error;
use crate::output::{table, Answer, View};
use crate::refusal::Refusal;
use crate::system::System;

/// List all associations
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// What it answers.
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
        let device = open::device(system)?;
        let client = Client::new(device);
        let associations =
            collect(&client).map_err(|cause| Error::List(Refusal::new(system, &client, cause)))?;
        let associations = associations.iter().map(View::new).collect();
        self.output.print(out, &Listed { associations })
    }
}

fn collect(client: &Client<'_>) -> Result<Vec<Association>, CallError> {
    client.describe(&client.list()?)
}
