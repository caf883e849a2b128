// SPDX-License-Identifier: GPL-2.0

//! What changes so that the machine is as the policy says: for people and for programs.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::Step;
use crate::address::AddressSet;

/// A change, made or planned.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// An association is defined.
    Define {
        /// Its id; null as long as it is planned.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// Its set.
        addresses: Vec<String>,
    },
    /// The set of an association is replaced.
    Replace {
        /// Its id.
        id: u64,
        /// Its name.
        name: String,
        /// The set that it had.
        before: Vec<String>,
        /// The set that it gets.
        addresses: Vec<String>,
    },
    /// An association that nothing uses is defined anew, with other terms.
    Redefine {
        /// The id of the new one; null as long as it is planned.
        id: Option<u64>,
        /// The id that it had.
        before_id: u64,
        /// Its name.
        name: String,
        /// Its set.
        addresses: Vec<String>,
    },
    /// An association is undefined.
    Undefine {
        /// Its id.
        id: u64,
        /// Its name.
        name: String,
    },
    /// A user is granted a set.
    Grant {
        /// The user.
        uid: u32,
        /// The set.
        addresses: Vec<String>,
    },
    /// The grant of a user is taken back.
    Revoke {
        /// The user.
        uid: u32,
    },
    /// The rules are put in force.
    SetRules {
        /// How many there are then.
        rule_count: usize,
    },
}

impl Change {
    /// The change that a step makes. `made` is the id of the association that it defined.
    pub fn of(step: &Step<'_>, made: Option<u64>) -> Self {
        match *step {
            Step::Define(tenant) => Self::Define {
                id: made,
                name: tenant.name.as_str().to_owned(),
                addresses: words(&tenant.addresses),
            },
            Step::Replace {
                tenant,
                id,
                ref before,
            } => Self::Replace {
                id,
                name: tenant.name.as_str().to_owned(),
                before: words(before),
                addresses: words(&tenant.addresses),
            },
            Step::Redefine { tenant, id } => Self::Redefine {
                id: made,
                before_id: id,
                name: tenant.name.as_str().to_owned(),
                addresses: words(&tenant.addresses),
            },
            Step::Undefine { id, name } => Self::Undefine {
                id,
                name: name.as_str().to_owned(),
            },
            Step::Grant { uid, addresses } => Self::Grant {
                uid,
                addresses: words(addresses),
            },
            Step::Revoke { uid } => Self::Revoke { uid },
        }
    }
}

fn words(set: &AddressSet) -> Vec<String> {
    set.entries().iter().map(ToString::to_string).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Define {
                name, addresses, ..
            } => write!(f, "define {name} {}", addresses.join(",")),
            Self::Replace {
                name,
                before,
                addresses,
                ..
            } => {
                let (before, addresses) = (before.join(","), addresses.join(","));
                write!(f, "replace the set of {name}: {before} by {addresses}")
            }
            Self::Redefine { name, .. } => write!(f, "define {name} anew, with other terms"),
            Self::Undefine { name, .. } => write!(f, "undefine {name}"),
            Self::Grant { uid, addresses } => {
                write!(f, "grant user {uid} {}", addresses.join(","))
            }
            Self::Revoke { uid } => write!(f, "take the grant of user {uid} back"),
            Self::SetRules { .. } => f.write_str("put the rules in force"),
        }
    }
}
