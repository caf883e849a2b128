// SPDX-License-Identifier: GPL-2.0

//! `addrctl flush`: ends every association there is, and removes every rule.
//!
//! An association ends with its last socket, and some sockets go a moment after the process
//! that had them. So `flush` waits a little for them, and then releases nothing: tenants
//! without protection whose associations are left would be the worst of both. `--force`
//! releases their tasks all the same.

use std::io::{self, Write};
use std::time::Duration;

use addrconf_abi::Target;
use rustix::io::Errno;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::client::{Association, CallError, Client};
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

/// End every association and remove every rule, before `rmmod`
///
/// Processes keep running, with the addresses of the machine. An association cannot end
/// while it has sockets: if some have after two seconds, nothing is changed, and they are
/// printed.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Release all tasks even if sockets keep associations from ending
    #[arg(long)]
    force: bool,

    /// Print what would end and what prevents it, and change nothing
    #[arg(long, conflicts_with = "force")]
    dry_run: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `flush`.
#[derive(JsonSchema, Serialize)]
pub struct Flushed {
    /// How many associations there were.
    found_count: usize,
    /// How many of them ended.
    ended_count: usize,
    /// How many tasks it released.
    task_count: u64,
    /// How many rules it removed; null if the module knows no rules.
    rule_count: Option<u32>,
    /// The associations that are left.
    left: Vec<View>,
}

impl Answer for Flushed {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let ended = counted(self.ended_count as u64, "association");
        let tasks = counted(self.task_count, "task");
        write!(out, "{ended} ended, {tasks} released")?;
        if let Some(rules) = rules(self.rule_count) {
            write!(out, ", {rules} removed")?;
        }
        if self.left.is_empty() {
            return writeln!(out);
        }
        writeln!(out, "; left:")?;
        table::list(out, &self.left)
    }
}

/// The answer of `flush --dry-run`.
#[derive(JsonSchema, Serialize)]
pub struct Preview {
    /// How many associations there are.
    found_count: usize,
    /// How many tasks these have.
    task_count: u64,
    /// How many rules there are; null if the module knows no rules.
    rule_count: Option<u32>,
    /// Those that have sockets.
    used: Vec<View>,
}

impl Preview {
    fn new(all: &[Association], rule_count: Option<u32>) -> Self {
        let used = all.iter().filter(|a| a.socket_count > 0);
        Self {
            found_count: all.len(),
            task_count: all.iter().map(|a| a.task_count).sum(),
            rule_count,
            used: used.map(View::new).collect(),
        }
    }
}

impl Answer for Preview {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let found = counted(self.found_count as u64, "association");
        let tasks = counted(self.task_count, "task");
        if self.used.is_empty() {
            write!(out, "{found} would end, {tasks} would be released")?;
            if let Some(rules) = rules(self.rule_count) {
                write!(out, ", {rules} would be removed")?;
            }
            return writeln!(out);
        }
        writeln!(
            out,
            "nothing would change: of {found}, with {tasks}, these have sockets:"
        )?;
        table::list(out, &self.used)
    }
}

/// How many rules, if there are any.
fn rules(count: Option<u32>) -> Option<String> {
    let count = count.filter(|count| *count > 0)?;
    Some(counted(count.into(), "rule"))
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("release", Subject::Everything);
        let left = if self.dry_run {
            let preview = preview(system).map_err(|why| doing.failed(why))?;
            self.output.print(out, &preview)?;
            in_use(preview.used.len(), preview.found_count)
        } else {
            let (flushed, left) = flush(system, self.force).map_err(|why| doing.failed(why))?;
            self.output.print(out, &flushed)?;
            left
        };
        match left {
            None => Ok(()),
            Some(why) => Err(Doing::new("end", Subject::Everything).failed(why)),
        }
    }
}

fn preview(system: &dyn System) -> Result<Preview, Reason> {
    let client = open::client(system)?;
    let refused = |cause| Refusal::new(system, &client, cause).reason();
    let ids = client.list().map_err(refused)?;
    let all = client.describe(&ids).map_err(refused)?;
    Ok(Preview::new(&all, client.rule_count().map_err(refused)?))
}

/// What became of the associations, and why some are left.
fn flush(system: &dyn System, force: bool) -> Result<(Flushed, Option<Reason>), Reason> {
    let client = open::client(system)?;
    let refused = |cause| meaning(&Refusal::new(system, &client, cause), force);
    let before = client.list().map_err(refused)?;
    let rule_count = client.rule_count().map_err(refused)?;
    let released = match force {
        true => client.release(Target::All).map(Some),
        false => release_unused(system, &client),
    };
    let Some(task_count) = released.map_err(refused)? else {
        let all = client.describe(&before).map_err(refused)?;
        let used = Preview::new(&all, rule_count);
        let why = in_use(used.used.len(), used.found_count).unwrap_or_else(gone_since);
        let flushed = Flushed {
            found_count: before.len(),
            ended_count: 0,
            task_count: 0,
            rule_count: rule_count.map(|_| 0),
            left: used.used,
        };
        return Ok((flushed, Some(why)));
    };
    let left = wait_for_end(system, &client, &before).map_err(refused)?;
    let shown = client.describe(&left).map_err(refused)?;
    let flushed = Flushed {
        found_count: before.len(),
        ended_count: before.len() - shown.len(),
        task_count,
        rule_count,
        left: shown.iter().map(View::new).collect(),
    };
    Ok((flushed, still_there(shown.len())))
}

fn meaning(refusal: &Refusal, force: bool) -> Reason {
    match refusal.errno() {
        // Version 3 of the interface introduced releasing everything, version 6 `unused`.
        Some(Errno::INVAL) if refusal.module_lacks(3) => refusal.older(),
        Some(Errno::INVAL) if !force && refusal.module_lacks(6) => refusal
            .older()
            .next("or use --force, which this module can do"),
        _ => refusal.reason(),
    }
}

/// Why nothing is changed, if `used` of `found` associations have sockets.
fn in_use(used: usize, found: usize) -> Option<Reason> {
    let what = match (used, found) {
        (0, _) => return None,
        (1, 1) => "the association has sockets, so nothing is changed".to_owned(),
        _ => format!("{used} of {found} associations have sockets, so nothing is changed"),
    };
    let reason = Reason::new(ErrorKind::Left, what)
        .next("end the processes that have them (`addrctl show --association ID` lists some)")
        .next("or use --force, which releases every task and leaves associations to their sockets");
    Some(reason)
}

/// Why nothing is changed, if what had a socket has none any more.
fn gone_since() -> Reason {
    let what = "an association had a socket until a moment ago, so nothing is changed";
    Reason::new(ErrorKind::Left, what).next("run it again")
}

fn still_there(count: usize) -> Option<Reason> {
    let what = match count {
        0 => return None,
        1 => "1 association is left, which still has sockets".to_owned(),
        _ => format!("{count} associations are left, which still have sockets"),
    };
    let reason = Reason::new(ErrorKind::Left, what)
        .next(
            "every task is released, but a socket stays while a process holds a descriptor of it \
             and while its data is on its way",
        )
        .next("`addrctl list` shows which end later, and `addrctl flush` can be run again");
    Some(reason)
}

/// Releases everything once nothing has a socket; returns how many tasks. `None` if
/// something still has one after a while.
fn release_unused(system: &dyn System, client: &Client<'_>) -> Result<Option<u64>, CallError> {
    for look in 0..LOOKS {
        match client.release_all_unused() {
            Err(CallError::Refused(Errno::BUSY)) if look + 1 < LOOKS => system.sleep(PAUSE),
            Err(CallError::Refused(Errno::BUSY)) => break,
            released => return released.map(Some),
        }
    }
    Ok(None)
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
