// SPDX-License-Identifier: GPL-2.0

//! `addrctl flush`: ends every association there is.
//!
//! Tasks are free when the call returns, but an association is listed until
//! the last of its sockets is gone, and some of those go a moment later. So
//! this waits a little, and says which associations are left.

use std::io::Write;
use std::time::Duration;

use addrconf_abi::Target;

use super::open_device;
use crate::cli::OutputArgs;
use crate::client::{CallError, Client};
use crate::error::{Error, Subject};
use crate::output::{json, table, Flushed};
use crate::refusal::Refusal;
use crate::system::System;

/// How often it looks whether associations have vanished, and how long it
/// waits in between: two seconds in all.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Runs the command.
pub fn run(system: &dyn System, args: OutputArgs, out: &mut dyn Write) -> Result<(), Error> {
    let device = open_device(system)?;
    let client = Client::new(device);
    let refused = |cause| Error::Release {
        subject: Subject::Everything,
        refusal: Refusal::new(system, &client, cause),
    };
    let before = client.list().map_err(refused)?;
    let task_count = client.release(Target::All).map_err(refused)?;
    let left = wait_for_end(system, &client, &before).map_err(refused)?;
    let flushed = Flushed {
        found: before.len(),
        ended: before.len() - left.len(),
        task_count,
        left: client.describe(&left).map_err(refused)?,
    };
    let written = if args.json {
        json::flush(out, &flushed)
    } else {
        table::flush(out, &flushed)
    };
    written.map_err(Error::Write)?;
    match left.len() {
        0 => Ok(()),
        count => Err(Error::Left { count }),
    }
}

/// Waits until none of `before` is listed any more; returns those that stay.
fn wait_for_end(
    system: &dyn System,
    client: &Client<'_>,
    before: &[u64],
) -> Result<Vec<u64>, CallError> {
    for _ in 1..LOOKS {
        if still_listed(client, before)?.is_empty() {
            return Ok(Vec::new());
        }
        system.sleep(PAUSE);
    }
    still_listed(client, before)
}

fn still_listed(client: &Client<'_>, before: &[u64]) -> Result<Vec<u64>, CallError> {
    let mut listed = client.list()?;
    // Both are in ascending order.
    listed.retain(|id| before.binary_search(id).is_ok());
    Ok(listed)
}
