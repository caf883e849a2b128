// SPDX-License-Identifier: GPL-2.0

//! `addrctl release`: ends the association of a process, or of every task of
//! an association.

use std::io::Write;

use super::args::TargetArgs;
use super::open::{self, OpenTarget};
use crate::client::Client;
use crate::command::Command;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::system::System;

/// End the association of one process, or of every task of an association
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        let device = open::device(system)?;
        let target = OpenTarget::open(system, &self.target)?;
        let client = Client::new(device);
        match client.release(target.target()) {
            Ok(_tasks) => Ok(()),
            Err(cause) => Err(Error::Release {
                subject: target.subject(),
                refusal: Refusal::new(system, &client, cause),
            }),
        }
    }
}
