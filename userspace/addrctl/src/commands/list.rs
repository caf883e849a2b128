// SPDX-License-Identifier: GPL-2.0

//! `addrctl list`: all associations.

use std::io::Write;

use super::open_device;
use crate::cli::OutputArgs;
use crate::client::{Association, CallError, Client};
use crate::error::Error;
use crate::output::{json, table};
use crate::refusal::Refusal;
use crate::system::System;

/// Runs the command.
pub fn run(system: &dyn System, args: OutputArgs, out: &mut dyn Write) -> Result<(), Error> {
    let device = open_device(system)?;
    let client = Client::new(device);
    let associations =
        collect(&client).map_err(|cause| Error::List(Refusal::new(system, &client, cause)))?;
    let written = if args.json {
        json::list(out, &associations)
    } else {
        table::list(out, &associations)
    };
    written.map_err(Error::Write)
}

fn collect(client: &Client<'_>) -> Result<Vec<Association>, CallError> {
    client.describe(&client.list()?)
}
