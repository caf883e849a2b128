// SPDX-License-Identifier: GPL-2.0

//! `addrctl show`: one association with its addresses and processes.

use std::io::Write;

use super::{open_device, OpenTarget};
use crate::cli::ShowArgs;
use crate::client::Client;
use crate::error::Error;
use crate::output::{json, table, Detail};
use crate::refusal::Refusal;
use crate::system::System;

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
    let processes = association.pids.iter();
    let processes = processes.map(|&pid| (pid, system.comm(pid))).collect();
    let detail = Detail {
        association,
        processes,
    };
    let written = if args.output.json {
        json::show(out, &detail)
    } else {
        table::show(out, &detail)
    };
    written.map_err(Error::Write)
}
