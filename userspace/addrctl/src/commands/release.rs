// SPDX-License-Identifier: GPL-2.0

//! `addrctl release`: ends the association of a process, or of every task of
//! an association.

use super::{open_device, OpenTarget};
use crate::cli::TargetArgs;
use crate::client::Client;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::system::System;

/// Runs the command.
pub fn run(system: &dyn System, args: &TargetArgs) -> Result<(), Error> {
    let device = open_device(system)?;
    let target = OpenTarget::open(system, args)?;
    let client = Client::new(device);
    match client.release(target.target()) {
        Ok(_tasks) => Ok(()),
        Err(cause) => Err(Error::Release {
            subject: target.subject(),
            refusal: Refusal::new(system, &client, cause),
        }),
    }
}
