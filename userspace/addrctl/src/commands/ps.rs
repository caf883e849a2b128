// SPDX-License-Identifier: GPL-2.0

//! `addrctl ps`: the processes of associations, as a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::client::Association;
use crate::command::Command;
use crate::error::{Doing, Error, Reason};
use crate::output::{table, Answer};
use crate::refusal::Refusal;
use crate::system::System;
use crate::text::printable;

/// Show the processes of associations as a tree
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only of this association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `ps`.
#[derive(JsonSchema, Serialize)]
pub struct Tree {
    /// By association, each process before its children.
    processes: Vec<Member>,
}

/// A process of an association.
#[derive(JsonSchema, Serialize)]
struct Member {
    /// The id of the association.
    association: u64,
    /// Its name; empty if it has none.
    name: String,
    /// The process.
    pid: i32,
    /// Its parent, if that is a member as well.
    parent: Option<i32>,
    /// How many of its ancestors are members.
    #[serde(skip)]
    depth: usize,
    /// Its effective user, if that is known.
    uid: Option<u32>,
    /// The name of that user, or its number.
    #[serde(skip)]
    user: Option<String>,
    /// The unit of systemd that it is in.
    unit: Option<String>,
    /// Its command name.
    command: Option<String>,
}

impl Answer for Tree {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            ("ID", true),
            ("NAME", false),
            ("PID", true),
            ("USER", false),
            ("UNIT", false),
            ("COMMAND", false),
        ];
        let rows = self.processes.iter().map(|member| {
            let command = member.command.as_deref().map(printable);
            [
                member.association.to_string(),
                member.name.clone(),
                member.pid.to_string(),
                table::known(member.user.as_ref()),
                table::known(member.unit.as_deref().map(printable)),
                "  ".repeat(member.depth) + &table::known(command),
            ]
        });
        table::aligned(out, columns, rows)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::association_or(self.association, "associations");
        let doing = Doing::new("show the processes of", whom);
        let found = self.associations(system).map_err(|why| doing.failed(why))?;
        let processes = found.iter().flat_map(|found| members(system, found));
        let processes = processes.collect();
        self.output.print(out, &Tree { processes })
    }
}

impl Args {
    fn associations(&self, system: &dyn System) -> Result<Vec<Association>, Reason> {
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        let Some(which) = self.association else {
            let found = client.describe_all();
            return found.map_err(refused);
        };
        let id = open::id(system, &client, which)?;
        let target = addrconf_abi::Target::Association(id);
        Ok(vec![client.query(target).map_err(refused)?])
    }
}

/// The processes of an association, each before its children. A process can exit meanwhile.
fn members(system: &dyn System, of: &Association) -> Vec<Member> {
    let all: BTreeSet<_> = of.pids.iter().copied().collect();
    let mut children = BTreeMap::<_, Vec<_>>::new();
    for &pid in &all {
        let parent = system.parent(pid).filter(|parent| all.contains(parent));
        children.entry(parent).or_default().push(pid);
    }
    let mut members = Vec::new();
    let mut next: Vec<_> = children.remove(&None).unwrap_or_default();
    next.reverse();
    let mut next: Vec<_> = next.into_iter().map(|pid| (pid, None, 0)).collect();
    while let Some((pid, parent, depth)) = next.pop() {
        members.push(member(system, of, pid, parent, depth));
        let below = children.remove(&Some(pid)).unwrap_or_default();
        next.extend(
            below
                .into_iter()
                .rev()
                .map(|child| (child, Some(pid), depth + 1)),
        );
    }
    members
}

fn member(
    system: &dyn System,
    of: &Association,
    pid: i32,
    parent: Option<i32>,
    depth: usize,
) -> Member {
    let uid = system.credentials(pid).map(|found| found.uid);
    let user = uid.map(|uid| system.user_name(uid).unwrap_or_else(|| uid.to_string()));
    Member {
        association: of.id,
        name: of.terms.name.as_str().to_owned(),
        pid,
        parent,
        depth,
        uid,
        user,
        unit: system.unit_of(pid),
        command: system.comm(pid),
    }
}
