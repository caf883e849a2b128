// SPDX-License-Identifier: GPL-2.0

//! `addrctl release`: takes a process, or every task of an association, out of the
//! association.

use std::io::Write;

use rustix::io::Errno;

use super::args::TargetArgs;
use super::open::{self, OpenTarget};
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::Refusal;
use crate::system::System;

/// Release one process, or every task of an association
///
/// Processes keep running, with the addresses of the machine. An association without
/// tasks ends with its last socket.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("release", open::subject(system, &self.target));
        let released = self.release(system, doing.whom());
        released.map_err(|why| doing.failed(why))
    }
}

impl Args {
    fn release(&self, system: &dyn System, whom: &Subject) -> Result<(), Reason> {
        let client = open::client(system)?;
        let open = OpenTarget::open(system, &client, &self.target)?;
        match client.release(open.target()) {
            Ok(_tasks) => Ok(()),
            Err(cause) => Err(meaning(whom, &Refusal::new(system, &client, cause))),
        }
    }
}

fn meaning(whom: &Subject, refusal: &Refusal) -> Reason {
    match refusal.errno() {
        Some(Errno::AGAIN) => Reason::new(
            ErrorKind::Outrun,
            "its threads make others faster than they can be released, and those made last are \
             associated",
        )
        .next("stop it (kill -STOP) and release it again"),
        _ => refusal.about(whom),
    }
}
