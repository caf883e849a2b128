// SPDX-License-Identifier: GPL-2.0

//! Policy files: what associations there are to be, as an administrator writes it. A file is one
//! tenant, or a list of grants, in TOML (`keys.rs`, `syntax.rs`); `docs/addrctl.md` documents it. Pure.

mod fault;
mod keys;
mod syntax;
mod write;

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use addrconf_abi::{HostLoopback, Name, SourceChoice, Terms};

use crate::address::AddressSet;
use crate::allow::Allow;

pub use fault::{Fault, Place};
pub use keys::schema;
pub use write::Written;

/// A text, and where it is from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// For messages: the path of a file.
    pub path: &'a str,
    /// The name of the tenant, if the text does not say it: of `shop.toml` it is `shop`.
    pub stem: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

/// What the files say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The associations, in the order of the files.
    pub tenants: Vec<Tenant>,
    /// What users are granted.
    pub grants: Vec<Grant>,
}

/// An association that is to be defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub name: Name,
    /// Its set.
    pub addresses: AddressSet,
    /// Its terms.
    pub terms: TermsWanted,
    /// The rules by which tasks become members, in their order.
    pub rules: Vec<Rule>,
    /// Where it is from.
    pub place: Place,
}

/// The terms that a file asks for. What it leaves out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermsWanted {
    /// Whether its addresses are exclusive.
    pub exclusive: bool,
    /// The choice of source.
    pub source: SourceChoice,
    /// The dedicated loopback address; `None`: one that is free.
    pub loopback: Option<Ipv4Addr>,
    /// The addresses of the host's loopback that it reaches.
    pub host_loopback: Option<HostLoopback>,
    /// Whether a refused call sends a signal.
    pub signal: bool,
    /// What is allowed that is otherwise refused.
    pub allow: Vec<Allow>,
}

/// A rule, with words that only the machine can look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Path of a program.
    pub exe: Option<String>,
    /// A user, by name or number.
    pub uid: Option<String>,
    /// A group, by name or number.
    pub gid: Option<String>,
    /// A control group, by its path.
    pub cgroup: Option<String>,
    /// A unit of systemd.
    pub unit: Option<String>,
    /// Where it is from.
    pub place: Place,
}

/// What a user is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The user, by name or number.
    pub user: String,
    /// The set.
    pub addresses: AddressSet,
    /// Where it is from.
    pub place: Place,
}

impl TermsWanted {
    /// The terms of a new association with this name.
    pub fn terms(&self, name: Name) -> Terms {
        let mut terms = Terms {
            name,
            exclusive: self.exclusive,
            source: self.source,
            loopback: self.loopback,
            host_loopback: self.host_loopback,
            signal: self.signal,
            ..Terms::default()
        };
        self.allow.iter().for_each(|kind| kind.ask(&mut terms));
        terms
    }

    /// Whether an association with these terms, which it got when it was made, is as the file wants
    /// it. A file that does not say a loopback address wants any.
    pub fn is_met_by(&self, terms: &Terms) -> bool {
        let mut wanted = self.terms(terms.name);
        if wanted.loopback.is_none() {
            wanted.loopback = terms.loopback;
        }
        wanted == *terms
    }
}

impl Policy {
    /// Reads texts, in this order.
    ///
    /// # Errors
    ///
    /// All that is wrong with them.
    pub fn read(sources: &[Source<'_>]) -> Result<Self, Vec<Fault>> {
        let mut policy = Self::default();
        let mut faults = Vec::new();
        for source in sources {
            match syntax::read(source) {
                Ok(read) => policy.add(read, &mut faults),
                Err(found) => faults.extend(found),
            }
        }
        match faults.is_empty() {
            true => Ok(policy),
            false => Err(faults),
        }
    }

    /// Adds what another file says. Names are unique, and so are users with a grant.
    fn add(&mut self, other: Self, faults: &mut Vec<Fault>) {
        for tenant in other.tenants {
            match self.tenants.iter().find(|known| known.name == tenant.name) {
                Some(known) => faults.push(Fault::new(
                    &tenant.place,
                    format!(
                        "the tenant {} is described twice: here and in {}",
                        tenant.name.as_str(),
                        known.place
                    ),
                )),
                None => self.tenants.push(tenant),
            }
        }
        for grant in other.grants {
            match self.grants.iter().find(|known| known.user == grant.user) {
                Some(known) => faults.push(Fault::new(
                    &grant.place,
                    format!(
                        "user {} is granted something twice: here and in {}",
                        grant.user, known.place
                    ),
                )),
                None => self.grants.push(grant),
            }
        }
    }
}
