// SPDX-License-Identifier: GPL-2.0

//! `addrctl list`: all associations.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::{exclusive, open};
use crate::client::Association;
use crate::command::Command;
use crate::error::{Doing, Error, Reason, Subject};
use crate::output::{table, Answer, Contested, View};
use crate::refusal::Refusal;
use crate::system::System;

/// List all associations
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `list`.
#[derive(JsonSchema, Serialize)]
pub struct Listed {
    /// All associations, by ascending id.
    pub associations: Vec<View>,
}

impl Answer for Listed {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        table::list(out, &self.associations)
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("list", Subject::Thing("associations".into()));
        let found = all(system).map_err(|why| doing.failed(why))?;
        let local = system.local_addresses();
        let view = |a: &Association| View::new(a).beside(a, local.as_deref());
        let mut associations: Vec<_> = found.iter().map(view).collect();
        note_contested(&mut associations, &found);
        self.output.print(out, &Listed { associations })
    }
}

fn all(system: &dyn System) -> Result<Vec<Association>, Reason> {
    let client = open::client(system)?;
    let found = client.describe_all();
    found.map_err(|cause| Refusal::new(system, &client, cause).reason())
}

/// Notes in each exclusive association which others have some of its addresses. `found` are the
/// same associations in the same order, by ascending id.
fn note_contested(views: &mut [View], found: &[Association]) {
    for (view, association) in views.iter_mut().zip(found) {
        view.contested = exclusive::is_exclusive(association).then(Vec::new);
    }
    for pair in exclusive::contested(found) {
        let [one, other] = pair.between;
        for (id, association) in [(one, other), (other, one)] {
            let at = found.binary_search_by_key(&id, |a| a.id);
            let view = at.ok().and_then(|at| views.get_mut(at));
            if let Some(all) = view.and_then(|view| view.contested.as_mut()) {
                all.push(Contested {
                    address: pair.common.to_string(),
                    association,
                });
            }
        }
    }
}
