// SPDX-License-Identifier: GPL-2.0

//! The commands, a file each: its arguments, what it does and what can go wrong.

pub mod add;
mod answers;
pub mod apply;
mod args;
pub mod assign;
mod associate;
mod cgroup;
pub mod check;
mod criteria;
pub mod define;
pub mod doctor;
mod exclusive;
pub mod explain;
pub mod export;
pub mod flush;
pub mod generate;
pub mod grant;
pub mod grants;
pub mod lint;
pub mod list;
pub mod metrics;
pub mod monitor;
pub mod move_to;
mod open;
pub mod own;
mod policy;
pub mod ps;
pub mod release;
pub mod remove;
pub mod replace;
pub mod revoke;
pub mod rule;
pub mod run;
pub mod show;
pub mod sockets;
pub mod stats;
#[cfg(test)]
mod tests;
pub mod top;
pub mod traffic;
pub mod undefine;
mod update;
pub mod version;

use clap::Subcommand;

use crate::command::Command;

/// The commands there are, in the order of the help, which is the comment of each `Args`.
#[derive(Debug, Subcommand)]
pub enum Commands {
    Assign(assign::Args),
    Move(move_to::Args),
    Define(define::Args),
    Undefine(undefine::Args),
    Rule(rule::Args),
    Grant(grant::Args),
    Revoke(revoke::Args),
    Grants(grants::Args),
    Run(run::Args),
    Add(add::Args),
    Remove(remove::Args),
    Replace(replace::Args),
    Release(release::Args),
    Flush(flush::Args),
    List(list::Args),
    Show(show::Args),
    Ps(ps::Args),
    Sockets(sockets::Args),
    Stats(stats::Args),
    Traffic(traffic::Args),
    Top(top::Args),
    Metrics(metrics::Args),
    Monitor(monitor::Args),
    Explain(explain::Args),
    Check(check::Args),
    #[command(name = "self")]
    Own(own::Args),
    Doctor(doctor::Args),
    Apply(apply::Args),
    Lint(lint::Args),
    Export(export::Args),
    #[command(hide = true)]
    Generate(generate::Args),
    Version(version::Args),
}

impl Commands {
    /// The command that was named, with its arguments.
    pub fn named(&self) -> &dyn Command {
        match self {
            Self::Assign(command) => command,
            Self::Move(command) => command,
            Self::Define(command) => command,
            Self::Undefine(command) => command,
            Self::Rule(command) => command,
            Self::Grant(command) => command,
            Self::Revoke(command) => command,
            Self::Grants(command) => command,
            Self::Run(command) => command,
            Self::Add(command) => command,
            Self::Remove(command) => command,
            Self::Replace(command) => command,
            Self::Release(command) => command,
            Self::Flush(command) => command,
            Self::List(command) => command,
            Self::Show(command) => command,
            Self::Ps(command) => command,
            Self::Sockets(command) => command,
            Self::Stats(command) => command,
            Self::Traffic(command) => command,
            Self::Top(command) => command,
            Self::Metrics(command) => command,
            Self::Monitor(command) => command,
            Self::Explain(command) => command,
            Self::Check(command) => command,
            Self::Own(command) => command,
            Self::Doctor(command) => command,
            Self::Apply(command) => command,
            Self::Lint(command) => command,
            Self::Export(command) => command,
            Self::Generate(command) => command,
            Self::Version(command) => command,
        }
    }
}
