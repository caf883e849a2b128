// SPDX-License-Identifier: GPL-2.0

//! `addrctl undefine`: makes a defined association end with its last process and socket.

use std::io::{self, Write};

use rustix::io::Errno;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::client::Client;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::Answer;
use crate::refusal::Refusal;
use crate::system::System;
use crate::text::{counted, numbered};

/// Undefine an association
///
/// It ends with its last process and socket: at once if it has none. Its processes stay in
/// it; `release` takes them out. Rules that put tasks into it must be removed first.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name or id of the association
    #[arg(value_name = "NAME|ID", value_parser = which)]
    which: Which,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `undefine`.
#[derive(JsonSchema, Serialize)]
pub struct Undefined {
    /// The id of the association.
    id: u64,
    /// How many tasks it still has; it ends with the last of them and of its sockets.
    task_count: u64,
}

impl Answer for Undefined {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.task_count {
            0 => Ok(()),
            count => {
                let tasks = counted(count, "task");
                writeln!(out, "still has {tasks}, and ends with the last")
            }
        }
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("undefine", open::association(self.which));
        match self.undefine(system, doing.whom()) {
            Ok(undefined) => self.output.print(out, &undefined),
            Err(why) => Err(doing.failed(why)),
        }
    }
}

impl Args {
    fn undefine(&self, system: &dyn System, whom: &Subject) -> Result<Undefined, Reason> {
        let client = open::client(system)?;
        let id = open::id(system, &client, self.which)?;
        let undefined = client
            .undefine(id)
            .map(|task_count| Undefined { id, task_count });
        undefined.map_err(|cause| {
            let refusal = Refusal::new(system, &client, cause);
            match refusal.errno() {
                Some(Errno::ALREADY) => {
                    Reason::new(ErrorKind::NotDefined, "it is not a defined one")
                        .next("it ends with its last process and socket")
                }
                Some(Errno::BUSY) => in_rules(&client, id),
                _ => refusal.about(whom),
            }
        })
    }
}

/// Rules put tasks into the association.
fn in_rules(client: &Client<'_>, id: u64) -> Reason {
    let ids = client.rules().map(|rules| rules.for_association(id));
    let ids = ids.unwrap_or_default();
    let (what, next) = match &ids[..] {
        // They cannot be read, or have been removed since.
        [] => (
            "a rule puts tasks into it".to_owned(),
            "`addrctl rule list` shows it, `addrctl rule remove` removes it".to_owned(),
        ),
        ids => {
            let words: Vec<_> = ids.iter().map(ToString::to_string).collect();
            let verb = if ids.len() == 1 { "puts" } else { "put" };
            (
                format!("{} {verb} tasks into it", numbered("rule", ids)),
                format!("remove with `addrctl rule remove {}`", words.join(" ")),
            )
        }
    };
    Reason::new(ErrorKind::InRule, what)
        .next(next)
        .next("nothing was changed")
}
