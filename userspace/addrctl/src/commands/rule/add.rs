// SPDX-License-Identifier: GPL-2.0

//! `addrctl rule add`: adds a rule.

use std::io::Write;
use std::path::PathBuf;

use addrconf_abi::MAX_RULES;
use clap::ArgGroup;

use super::{change, refused};
use crate::client::{NewRule, Rule, Wanted};
use crate::command::Command;
use crate::commands::args::{which, CgroupArgs, OutputArgs, Which};
use crate::commands::criteria::{self, Criteria};
use crate::commands::{cgroup, open};
use crate::error::{Doing, Error, Reason};
use crate::output::Made;
use crate::system::System;

/// Add a rule, and print its id
///
/// A task that is in no association becomes a member of the association when it executes a
/// program and all criteria of the rule apply. Rules are tried in their order, and the first that
/// applies decides. A program that is running already is not taken in: `addrctl assign` does
/// that.
#[derive(clap::Args, Debug)]
#[command(
    group = ArgGroup::new("criteria")
        .required(true)
        .multiple(true)
        .args(["exe", "user", "group", "cgroup", "unit"]),
    mut_arg("cgroup", |arg| arg.help(
        "The control group (version 2) of the task is this one or below it, which need not be \
         there yet: a directory in /sys/fs/cgroup, or its path as in /proc/PID/cgroup"
    )),
    mut_arg("unit", |arg| arg.help(
        "The control group of the task is that of this unit of systemd or below it, also after \
         the unit is restarted; it need not be running"
    ))
)]
pub struct Args {
    /// The program is this file, or another that replaced it at its path; for a script, the
    /// script or its interpreter
    #[arg(long, value_name = "PATH")]
    exe: Option<PathBuf>,

    /// The real user of the task is this one, by name or number
    #[arg(long = "uid", value_name = "USER")]
    user: Option<String>,

    /// The real group of the task is this one, by name or number
    #[arg(long = "gid", value_name = "GROUP")]
    group: Option<String>,

    #[command(flatten)]
    cgroup: CgroupArgs,

    /// The association, which must be defined
    #[arg(long, value_name = "NAME|ID", value_parser = which)]
    to: Which,

    /// Put the rule before the one with this id instead of at the end
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u32).range(1..))]
    before: Option<u32>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("add a rule for", open::association(self.to));
        let id = self.add(system).map_err(|why| doing.failed(why))?;
        self.output.print(out, &Made { id: id.into() })
    }
}

impl Args {
    /// Adds the rule. Returns its id.
    fn add(&self, system: &dyn System) -> Result<u32, Reason> {
        let client = open::client(system)?;
        let association = open::id(system, &client, self.to)?;
        let new = self.rule(system, association)?;
        let exe = self.exe.as_deref();
        let id = change::change(
            system,
            &client,
            |rules| self.edited(rules, &new),
            |refusal| refused::meaning(&client, refusal, exe, association),
        )?;
        if let Some(given) = self.cgroup.given() {
            cgroup::note_absent(system, given);
        }
        Ok(id)
    }

    /// The rules with the new one at its place.
    fn edited<'a>(&self, rules: &[Rule], new: &'a NewRule) -> Result<Vec<Wanted<'a>>, Reason> {
        let place = match self.before {
            Some(id) => change::place(rules, id)?,
            None => rules.len(),
        };
        if rules.len() >= MAX_RULES as usize {
            return Err(refused::too_many());
        }
        let kept = rules.iter().map(|rule| Wanted::Kept(rule.id));
        let mut wanted: Vec<_> = kept.collect();
        wanted.insert(place, Wanted::New(new));
        Ok(wanted)
    }

    /// The rule that is asked for.
    fn rule(&self, system: &dyn System, association: u64) -> Result<NewRule, Reason> {
        let criteria = Criteria {
            exe: self.exe.as_deref(),
            user: self.user.as_deref(),
            group: self.group.as_deref(),
            cgroup: self.cgroup.given(),
        };
        criteria::rule(system, &criteria, association)
    }
}
