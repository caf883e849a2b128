// SPDX-License-Identifier: GPL-2.0

//! `addrctl show`: one association with its addresses and processes.

use std::io::{self, Write};

use serde::Serialize;

use super::{open_device, OpenTarget};
use crate::cli::ShowArgs;
use crate::client::Client;
use crate::error::Error;
use crate::output::{table, Answer, View};
use crate::refusal::Refusal;
use crate::system::System;

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

/// Runs the command.
pub fn run(system: &dyn System, args: &ShowArgs, out: &mut dyn Write) -> Result<(), Error> {
    let device = open_device(system)?;
    let target = OpenTarget::open(system, &args.target)?;
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
    args.output.print(out, &Shown { association })
}
