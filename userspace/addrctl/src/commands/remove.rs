// SPDX-License-Identifier: GPL-2.0

//! `addrctl remove`: removes addresses from the set of an association.

use std::io::Write;

use addrconf_abi::{AddrEntry, Change};
use rustix::io::Errno;

use super::args::ChangeArgs;
use super::update::{Refused, Update};
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::system::System;

/// Remove addresses from the set of running processes
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    change: ChangeArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let update = Update {
            change: Change::Remove,
            args: &self.change,
            force: false,
            doing: |addresses, whom| {
                Doing::new(format!("remove {addresses} from the set of"), whom)
            },
            meaning,
        };
        update.run(system, out)
    }
}

fn meaning(refused: &Refused<'_>) -> Option<Reason> {
    let present = refused.present.as_ref()?;
    match refused.errno() {
        // The set was found, so an address is missing.
        Some(Errno::NOENT) => Some(not_in_set(refused)),
        Some(Errno::INVAL) if present.entries().iter().all(|e| refused.addresses.has(*e)) => {
            let what = "these are all it has, and an association keeps at least one address";
            let next = "`addrctl replace` gives it others, `addrctl release` ends it";
            Some(Reason::new(ErrorKind::Malformed, what).next(next))
        }
        _ => None,
    }
}

fn not_in_set(refused: &Refused<'_>) -> Reason {
    let missing = refused.one_of(|entry| !refused.has(entry));
    let next = match within(refused) {
        Some((part, whole)) => {
            format!("{part} is a part of {whole}, which can only be removed as a whole")
        }
        None => format!("{} lists the set", show(refused.whom)),
    };
    Reason::new(ErrorKind::NotInSet, format!("{missing} not in the set"))
        .next(format!("nothing was changed, {next}"))
}

/// An address of the command that is no entry of the set but lies within one.
fn within(refused: &Refused<'_>) -> Option<(AddrEntry, AddrEntry)> {
    let entries = refused.addresses.entries().iter();
    let mut missing = entries.filter(|entry| !refused.has(entry));
    let present = refused.present.as_ref()?.entries();
    missing.find_map(|part| {
        let whole = present.iter().find(|whole| whole.covers(part));
        whole.map(|&whole| (*part, whole))
    })
}

/// The command that shows the set.
fn show(whom: &Subject) -> String {
    match whom {
        Subject::Process(process) => format!("`addrctl show {}`", process.pid),
        Subject::Association(id) => format!("`addrctl show --association {id}`"),
        // A set belongs to one of these.
        Subject::Everything | Subject::Thing(_) => "`addrctl list`".to_owned(),
    }
}
