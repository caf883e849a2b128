// SPDX-License-Identifier: GPL-2.0

//! `addrctl show`: one association with its addresses and processes.

use std::io::{self, Write};

use serde::Serialize;

use super::args::{OutputArgs, TargetArgs};
use super::open::{self, OpenTarget};
use crate::client::Client;
use crate::command::Command;
use crate::error::Error;
use crate::output::{table, Answer, View};
use crate::refusal::Refusal;
use crate::system::System;

/// Show one association with its addresses and processes
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// What it answers.
#[derive(Serialize)]
pub struct Shown {
    /// The one asked for, with its processes.
    pub association: View,
}

impl Answer for Shown {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        table::show(out, &self.association)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let device = open::device(system)?;
        let target = OpenTarget::open(system, &self.target)?;
        let client = Client::new(device);
        let association = match client.query(target.target()) {
            Ok(association) => association,
            Err(cause) => {
                return Err(Error::Show {
                    subject: target.subject(),
                    refusal: Refusal::new(system, &client, cause),
                })
            }
        };
        let association = View::with_processes(&association, |pid| system.comm(pid));
        self.output.print(out, &Shown { association })
    }
}
