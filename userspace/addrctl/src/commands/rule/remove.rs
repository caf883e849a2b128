// SPDX-License-Identifier: GPL-2.0

//! `addrctl rule remove`: removes rules.

use std::io::Write;

use super::change;
use crate::client::{Rule, Wanted};
use crate::command::Command;
use crate::commands::open;
use crate::error::{Doing, Error, Reason, Subject};
use crate::system::System;
use crate::text::numbered;

/// Remove rules
///
/// All of these rules are removed, or none. Members stay members.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Id of the rule, as `rule add` and `rule list` print it
    #[arg(
        value_name = "ID",
        value_parser = clap::value_parser!(u32).range(1..),
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    ids: Vec<u32>,

    /// Remove every rule
    #[arg(long)]
    all: bool,
}

impl Command for Args {
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        let what = match self.all {
            true => "every rule".to_owned(),
            false => numbered("rule", &self.ids),
        };
        let doing = Doing::new("remove", Subject::Thing(what.into()));
        self.remove(system).map_err(|why| doing.failed(why))
    }
}

impl Args {
    fn remove(&self, system: &dyn System) -> Result<(), Reason> {
        let client = open::client(system)?;
        change::change(system, &client, |rules| self.kept(rules), |_| None)?;
        Ok(())
    }

    /// The rules that stay.
    fn kept(&self, rules: &[Rule]) -> Result<Vec<Wanted<'static>>, Reason> {
        for id in &self.ids {
            change::place(rules, *id)?;
        }
        let stay = |rule: &&Rule| !self.all && !self.ids.contains(&rule.id);
        let kept = rules.iter().filter(stay);
        Ok(kept.map(|rule| Wanted::Kept(rule.id)).collect())
    }
}
