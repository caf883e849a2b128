// SPDX-License-Identifier: GPL-2.0

//! `addrctl flush`: ends every association there is.
//!
//! The call returns when every task is released, but an association is listed until its
//! last socket is gone, and some sockets go a moment later. So `flush` waits a little,
//! then prints which associations are left.

use std::io::{self, Write};
use std::time::Duration;

use addrconf_abi::Target;
use rustix::io::Errno;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::client::{CallError, Client};
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::{table, Answer, View};
use crate::refusal::Refusal;
use crate::system::System;
use crate::text::counted;

/// How often `flush` looks whether associations are left.
const LOOKS: u32 = 100;
/// How long it waits between two looks: two seconds in all.
const PAUSE: Duration = Duration::from_millis(20);

/// End every association, before `rmmod`
///
/// Processes keep running, with the addresses of the machine. Waits up to two
/// seconds for the associations to vanish, and prints those that are left because
/// they still have sockets.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `flush`.
#[derive(Serialize)]
pub struct Flushed {
    /// How many associations there were.
    found_count: usize,
    /// How many of them ended.
    ended_count: usize,
    /// How many tasks it released.
    task_count: u64,
    /// The associations that are left.
    left: Vec<View>,
}

impl Answer for Flushed {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let ended = counted(self.ended_count as u64, "association");
        let tasks = counted(self.task_count, "task");
        write!(out, "{ended} ended, {tasks} released")?;
        if self.left.is_empty() {
            return writeln!(out);
        }
        writeln!(out, "; left:")?;
        table::list(out, &self.left)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("release", Subject::Everything);
        let flushed = flush(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &flushed)?;
        match flushed.left.len() {
            0 => Ok(()),
            count => Err(Doing::new("end", Subject::Everything).failed(left(count))),
        }
    }
}

fn flush(system: &dyn System) -> Result<Flushed, Reason> {
    let client = open::client(system)?;
    let refused = |cause| meaning(&Refusal::new(system, &client, cause));
    let before = client.list().map_err(refused)?;
    let task_count = client.release(Target::All).map_err(refused)?;
    let left = wait_for_end(system, &client, &before).map_err(refused)?;
    let shown = client.describe(&left).map_err(refused)?;
    Ok(Flushed {
        found_count: before.len(),
        ended_count: before.len() - shown.len(),
        task_count,
        left: shown.iter().map(View::new).collect(),
    })
}

fn meaning(refusal: &Refusal) -> Reason {
    match refusal.errno() {
        // Version 3 of the interface introduced releasing everything.
        Some(Errno::INVAL) if refusal.module_lacks(3) => refusal.older(),
        _ => refusal.reason(),
    }
}

fn left(count: usize) -> Reason {
    let what = match count {
        1 => "1 association is left, which still has sockets".to_owned(),
        _ => format!("{count} associations are left, which still have sockets"),
    };
    Reason::new(ErrorKind::Left, what)
        .next(
            "every task is released, but a socket stays while a process holds a descriptor of it \
             and while its data is on its way",
        )
        .next("`addrctl list` shows which end later, and `addrctl flush` can be run again")
}

/// Waits until none of `before` is listed. Returns those that still are.
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
