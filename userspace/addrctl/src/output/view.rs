// SPDX-License-Identifier: GPL-2.0

//! An association as it is shown: one view for people and for programs. The JSON
//! schema is documented in `docs/addrctl.md` and stable: fields are added, never
//! changed or removed, within one `version`.

use serde::Serialize;

use crate::allow::Allow;
use crate::client::{self, Association};
use crate::source;

/// The interface version that came with terms, but for the name, and with the number
/// of sockets.
const TERMS_SINCE: u32 = 2;
/// The interface version that came with what is allowed.
const ALLOW_SINCE: u32 = 3;
/// The interface version that came with leftovers and full ports.
const LEFTOVERS_SINCE: u32 = 4;

/// What is shown of an association. `None` is what it has not, or what the module is
/// too old to tell.
#[derive(Serialize)]
pub struct View<'a> {
    pub id: u64,
    pub name: Option<&'a str>,
    pub addresses: Vec<String>,
    pub primary: Primary,
    pub exclusive: Option<bool>,
    pub source: Option<&'static str>,
    pub loopback: Option<String>,
    pub allow: Option<Vec<&'static str>>,
    pub process_count: u32,
    pub task_count: u64,
    pub socket_count: Option<u64>,
    pub leftovers: Option<Vec<Leftover>>,
    pub full_port_count: Option<u64>,
}

/// Connections on an address that left the set.
#[derive(Serialize)]
pub struct Leftover {
    pub address: String,
    pub connection_count: u64,
}

/// The first host address of each family.
#[derive(Serialize)]
pub struct Primary {
    pub ipv4: Option<String>,
    pub ipv6: Option<String>,
}

impl<'a> View<'a> {
    /// What is shown of `association`.
    pub fn new(association: &'a Association) -> Self {
        let (set, terms) = (&association.addresses, association.terms);
        let name = association.terms.name.as_str();
        let tells = |version| association.abi >= version;
        Self {
            id: association.id,
            name: (!name.is_empty()).then_some(name),
            addresses: set.entries().iter().map(ToString::to_string).collect(),
            primary: Primary {
                ipv4: set.primary_v4().map(|a| a.to_string()),
                ipv6: set.primary_v6().map(|a| a.to_string()),
            },
            exclusive: tells(TERMS_SINCE).then_some(terms.exclusive),
            source: tells(TERMS_SINCE).then(|| source::name(terms.source)),
            loopback: terms.loopback.map(|a| a.to_string()),
            allow: tells(ALLOW_SINCE).then(|| Allow::names(terms)),
            process_count: association.process_count,
            task_count: association.task_count,
            socket_count: tells(TERMS_SINCE).then_some(association.socket_count),
            leftovers: tells(LEFTOVERS_SINCE).then(|| leftovers(&association.leftovers)),
            full_port_count: tells(LEFTOVERS_SINCE).then_some(association.full_port_count),
        }
    }
}

fn leftovers(all: &[client::Leftover]) -> Vec<Leftover> {
    let leftover = |leftover: &client::Leftover| Leftover {
        address: leftover.addr.to_string(),
        connection_count: leftover.connection_count,
    };
    all.iter().map(leftover).collect()
}
