// SPDX-License-Identifier: GPL-2.0

//! An association as it is shown: one view for people and for programs.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::allow::Allow;
use crate::client::{self, Association};
use crate::source;
use crate::word;

/// The interface version that introduced the terms other than the name, and the number
/// of sockets.
const TERMS_SINCE: u32 = 2;
/// The interface version that introduced `allow`.
const ALLOW_SINCE: u32 = 3;
/// The interface version that introduced leftovers.
const LEFTOVERS_SINCE: u32 = 4;
/// The interface version that introduced definitions.
const DEFINED_SINCE: u32 = 6;
/// The version of the module that tells what a refused call does.
const SIGNAL_SINCE: u32 = 7;

/// An association. Null is what it lacks, or what an older module does not report.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Association")]
pub struct View {
    /// Its id, never 0.
    pub id: u64,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is there without tasks.
    pub defined: Option<bool>,
    /// Its set, in the order it was given.
    pub addresses: Vec<String>,
    /// Its default sources: the first single address of each family.
    pub primary: Primary,
    /// Whether it is exclusive.
    pub exclusive: Option<bool>,
    /// Its choice of source.
    #[schemars(extend("enum" = or_null(&source::NAMES)))]
    pub source: Option<&'static str>,
    /// Its dedicated loopback address.
    pub loopback: Option<String>,
    /// The addresses of the machine's loopback that it reaches.
    pub host_loopback: Option<String>,
    /// What a refused call does beside failing.
    #[schemars(extend("enum" = or_null(&word::ON_REFUSAL)))]
    pub on_refusal: Option<&'static str>,
    /// What it allows.
    #[schemars(with = "Option<Vec<Allow>>")]
    pub allow: Option<Vec<&'static str>>,
    /// The user that made it under its grant.
    pub granted_to: Option<u32>,
    /// The entries of its set of which the machine has no address; shown where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub absent: Option<Vec<String>>,
    /// Where another exclusive association has some of its addresses, if it is exclusive; shown in
    /// a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Contested>")]
    pub contested: Option<Vec<Contested>>,
    /// How many processes it has.
    pub process_count: u32,
    /// How many tasks (threads) it has.
    pub task_count: u64,
    /// How many sockets it has.
    pub socket_count: Option<u64>,
    /// Its connections on addresses that left its set.
    pub leftovers: Option<Vec<Leftover>>,
    /// Its processes; shown only where one association is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Process>")]
    pub processes: Option<Vec<Process>>,
}

/// The first single address of each family.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Primary {
    /// The IPv4 address.
    pub ipv4: Option<String>,
    /// The IPv6 address.
    pub ipv6: Option<String>,
}

/// Connections on an address that left the set.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Leftover {
    /// The address.
    pub address: String,
    /// How many connections have it as their local address.
    pub connection_count: u64,
}

/// An address that another exclusive association has.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Contested {
    /// The address or network.
    pub address: String,
    /// The id of the other one.
    pub association: u64,
}

/// A process of an association.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// Its command name, if it could be read.
    pub command: Option<String>,
}

impl View {
    /// What is shown of `association` in a list.
    pub fn new(association: &Association) -> Self {
        let (set, terms) = (&association.addresses, association.terms);
        let name = terms.name.as_str();
        let tells = |version| association.abi >= version;
        Self {
            id: association.id,
            name: (!name.is_empty()).then(|| name.to_owned()),
            defined: tells(DEFINED_SINCE).then_some(association.defined),
            addresses: set.entries().iter().map(ToString::to_string).collect(),
            primary: Primary {
                ipv4: set.primary_v4().map(|a| a.to_string()),
                ipv6: set.primary_v6().map(|a| a.to_string()),
            },
            exclusive: tells(TERMS_SINCE).then_some(terms.exclusive),
            source: tells(TERMS_SINCE).then(|| source::name(terms.source)),
            loopback: terms.loopback.map(|a| a.to_string()),
            host_loopback: terms.host_loopback.map(|net| net.to_string()),
            on_refusal: tells(SIGNAL_SINCE).then_some(word::ON_REFUSAL[usize::from(terms.signal)]),
            allow: tells(ALLOW_SINCE).then(|| Allow::names(terms)),
            process_count: association.process_count,
            task_count: association.task_count,
            socket_count: tells(TERMS_SINCE).then_some(association.socket_count),
            leftovers: tells(LEFTOVERS_SINCE)
                .then(|| association.leftovers.iter().map(leftover).collect()),
            granted_to: association.granted_to,
            absent: None,
            contested: None,
            processes: None,
        }
    }

    /// Adds which of its addresses the machine does not have, if `local` are those it has.
    pub fn beside(self, association: &Association, local: Option<&[IpAddr]>) -> Self {
        let absent = local.map(|local| {
            let absent = association.addresses.absent(local);
            absent.entries().iter().map(ToString::to_string).collect()
        });
        Self { absent, ..self }
    }

    /// What is shown of `association` when it is the only one. `comm` reads the
    /// command name of a process.
    pub fn with_processes(association: &Association, comm: impl Fn(i32) -> Option<String>) -> Self {
        let process = |&pid| Process {
            pid,
            command: comm(pid),
        };
        Self {
            processes: Some(association.pids.iter().map(process).collect()),
            ..Self::new(association)
        }
    }

    /// The terms other than the name, each with its label. `None` is what an older
    /// module does not report.
    pub fn terms(&self) -> [(&'static str, Option<String>); 7] {
        [
            ("defined", self.defined.map(yes_or_no).map(Into::into)),
            ("exclusive", self.exclusive.map(yes_or_no).map(Into::into)),
            ("source", self.source.map(Into::into)),
            ("loopback", self.loopback.clone()),
            ("reaches", self.host_loopback.clone()),
            ("on refusal", self.on_refusal.map(Into::into)),
            ("allows", self.allow.as_ref().map(|kinds| kinds.join(","))),
        ]
    }
}

/// The values of a field that is one of these words, or null.
fn or_null(words: &[&'static str]) -> Vec<Option<&'static str>> {
    let words = words.iter().copied().map(Some);
    words.chain([None]).collect()
}

/// The word for a term that is set or not.
pub fn yes_or_no(yes: bool) -> &'static str {
    if yes {
        "yes"
    } else {
        "no"
    }
}

impl Primary {
    /// Whether `address`, as an entry of the set is written, is the primary one of its
    /// family.
    pub fn is(&self, address: &str) -> bool {
        let mut primaries = [&self.ipv4, &self.ipv6].into_iter().flatten();
        primaries.any(|primary| primary == address)
    }
}

fn leftover(leftover: &client::Leftover) -> Leftover {
    Leftover {
        address: leftover.addr.to_string(),
        connection_count: leftover.connection_count,
    }
}
