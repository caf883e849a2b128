// SPDX-License-Identifier: GPL-2.0

//! The call by which `add`, `remove` and `replace` change the set of an association
//! while its processes run.

use std::io::{self, Write};

use addrconf_abi::{AddrEntry, Change, Target, MAX_ADDRS};
use rustix::io::Errno;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::ChangeArgs;
use super::exclusive::{self, Claim, Claimant, Services};
use super::open::{self, OpenTarget};
use crate::address::AddressSet;
use crate::client::Client;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::Answer;
use crate::refusal::Refusal;
use crate::system::System;
use crate::text::counted;

/// A change of a set, as one of the commands asks for it.
pub struct Update<'a> {
    /// How the set changes.
    pub change: Change,
    /// The process or association, and the addresses.
    pub args: &'a ChangeArgs,
    /// Whether an exclusive set may get addresses that another one has.
    pub force: bool,
    /// The change of a set by these addresses, for messages.
    pub doing: fn(&AddressSet, Subject) -> Doing,
    /// What a refusal means for this change only.
    pub meaning: fn(&Refused<'_>) -> Option<Reason>,
}

/// The answer of `add`, `remove` and `replace`.
#[derive(JsonSchema, Serialize)]
pub struct Updated {
    /// How many connections were reset.
    reset_count: u64,
}

/// A change that the module refused.
pub struct Refused<'a> {
    /// The answer.
    pub refusal: Refusal,
    /// The process or association.
    pub whom: &'a Subject,
    /// The addresses of the command.
    pub addresses: &'a AddressSet,
    /// The set in place, if it is known.
    pub present: Option<AddressSet>,
}

impl Update<'_> {
    /// Makes the change, and prints how many connections it reset.
    pub fn run(self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::subject(system, &self.args.target);
        let doing = (self.doing)(&self.args.addresses, whom);
        match self.attempt(system, doing.whom()) {
            Ok(reset_count) => self.args.output.print(out, &Updated { reset_count }),
            Err(why) => Err(doing.failed(why)),
        }
    }

    fn attempt(&self, system: &dyn System, whom: &Subject) -> Result<u64, Reason> {
        let client = open::client(system)?;
        let open = OpenTarget::open(system, &client, &self.args.target)?;
        let (target, addresses) = (open.target(), &self.args.addresses);
        let services = self.permit(system, &client, target)?;
        let called = client.update(target, self.change, addresses, self.args.reset);
        let resets = called.map_err(|cause| {
            let refusal = Refusal::new(system, &client, cause);
            let refused = Refused {
                refusal,
                whom,
                addresses,
                present: present(&client, target, &refusal),
            };
            (self.meaning)(&refused).unwrap_or_else(|| refused.reason())
        })?;
        services.note(system, &client);
        Ok(resets)
    }

    /// Refuses addresses of another exclusive association for an exclusive one.
    fn permit(
        &self,
        system: &dyn System,
        client: &Client<'_>,
        target: Target,
    ) -> Result<Services, Reason> {
        if matches!(self.change, Change::Remove) {
            return Ok(Services::default());
        }
        // When it cannot be asked for, the change is refused as well, and that says why.
        let present = client.query(target).ok();
        let present = present.filter(exclusive::is_exclusive);
        let gained = present.map(|present| {
            let gained = self.args.addresses.beyond(&present.addresses);
            (present.id, gained)
        });
        let claim = gained.as_ref().map(|(id, gained)| Claim {
            claimant: Claimant::Association(*id),
            addresses: gained,
            force: self.force,
        });
        exclusive::permit(system, client, claim)
    }
}

impl Refused<'_> {
    /// The errno of the answer.
    pub fn errno(&self) -> Option<Errno> {
        self.refusal.errno()
    }

    /// What every change may be refused for.
    fn reason(&self) -> Reason {
        // A module of version 1, which lacks this call, has the same errno for it.
        if self.errno() == Some(Errno::TOOBIG) && !self.refusal.module_lacks(2) {
            let what = format!("the set would have more than {MAX_ADDRS} addresses");
            return Reason::new(ErrorKind::TooMany, what)
                .next("nothing was changed, prefixes such as 10.0.0.0/24 count as one");
        }
        self.refusal.about(self.whom)
    }

    /// Whether `entry` is known to be in the set in place.
    pub fn has(&self, entry: &AddrEntry) -> bool {
        self.present.as_ref().is_some_and(|set| set.has(*entry))
    }

    /// Names the addresses of the command for which `meant` is true, with a verb:
    /// "10.0.0.1 is". When the set has changed since the refusal it can be true for none,
    /// although the refusal was about one.
    pub fn one_of(&self, meant: impl Fn(&AddrEntry) -> bool) -> String {
        let meant = self.addresses.entries().iter().filter(|entry| meant(entry));
        let meant: Vec<_> = meant.copied().collect();
        match meant.len() {
            0 => "one of them is".to_owned(),
            1 => format!("{} is", AddressSet::from_entries(meant)),
            _ => format!("{} are", AddressSet::from_entries(meant)),
        }
    }
}

impl Answer for Updated {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.reset_count {
            0 => Ok(()),
            count => writeln!(out, "{} reset", counted(count, "connection")),
        }
    }
}

/// The set in place, where it shows which address was refused.
fn present(client: &Client<'_>, target: Target, refusal: &Refusal) -> Option<AddressSet> {
    let about_the_set = matches!(
        refusal.errno(),
        Some(Errno::NOENT | Errno::EXIST | Errno::INVAL)
    );
    let found = about_the_set.then(|| client.query(target).ok()).flatten();
    found.map(|found| found.addresses)
}
