// SPDX-License-Identifier: GPL-2.0

//! `addrctl move`: moves a process from one association into another.

use std::io::Write;

use addrconf_abi::{AssignRequest, Target};

use super::args::{which, OutputArgs, Which};
use super::associate::move_to;
use crate::command::Command;
use crate::error::Error;
use crate::output::Made;
use crate::system::System;

/// Move a process from its association into another, and print the other one's id
///
/// Every thread is in one of the two at every moment. All of them move or none, and with them the
/// children that the process makes from now on. Children that it already has move only with
/// --tree.
///
/// Its sockets stay with the association that it leaves, and it cannot use them any more: a server
/// opens its listeners anew, for example when it is reloaded.
#[derive(clap::Args, Debug)]
#[command(override_usage = "addrctl move <PID> --to <NAME|ID> [--tree] [--reset] [--json]")]
pub struct Args {
    /// Process id
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pid: i32,

    /// Name or id of the association into which it moves
    #[arg(long, value_name = "NAME|ID", value_parser = which)]
    to: Which,

    /// Move the process's descendants as well, which must be in the same association
    #[arg(long)]
    tree: bool,

    /// Reset established connections, which the process cannot use any more
    #[arg(long)]
    reset: bool,

    #[command(flatten)]
    output: OutputArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let request = AssignRequest {
            tree: self.tree,
            reset: self.reset,
            ..AssignRequest::about(Target::Pid(self.pid))
        };
        let id = move_to(system, self.pid, self.to, &request)?;
        self.output.print(out, &Made { id })
    }
}
