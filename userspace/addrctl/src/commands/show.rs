// SPDX-License-Identifier: GPL-2.0

//! `addrctl show`: one association with its addresses and processes.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{OutputArgs, TargetArgs};
use super::open::{self, OpenTarget};
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
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

/// The answer of `show`.
#[derive(JsonSchema, Serialize)]
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
        let doing = Doing::new("show", open::subject(system, &self.target));
        match self.shown(system, doing.whom()) {
            Ok(shown) => self.output.print(out, &shown),
            Err(why) => Err(doing.failed(why)),
        }
    }
}

impl Args {
    fn shown(&self, system: &dyn System, whom: &Subject) -> Result<Shown, Reason> {
        let client = open::client(system)?;
        let open = OpenTarget::open(system, &client, &self.target)?;
        let found = client
            .query(open.target())
            .map_err(|cause| Refusal::new(system, &client, cause).about(whom))?;
        let local = system.local_addresses();
        let view = View::with_processes(&found, |pid| system.comm(pid));
        Ok(Shown {
            association: view.beside(&found, local.as_deref()),
        })
    }
}
