// SPDX-License-Identifier: GPL-2.0

//! The keys of policy files, and the JSON Schema of them. A key that is not known is an error.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use toml::Spanned;

use crate::source;
use crate::word::ON_REFUSAL;

/// A policy file of addrconf: a tenant with its rules, or grants.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "addrconf policy file")]
pub(super) struct File {
    /// Name of the association; without it that of the file, less `.toml`.
    #[schemars(with = "Option<String>", length(min = 1, max = 31))]
    pub name: Option<Spanned<String>>,
    /// Addresses and networks of the set, the first of each family the primary one.
    #[schemars(with = "Option<Vec<String>>", length(min = 1, max = 1024))]
    pub addresses: Option<Spanned<Vec<Spanned<String>>>>,
    /// Wildcard sockets of the host leave the addresses alone.
    #[serde(default)]
    pub exclusive: bool,
    /// Which address of the set a socket without an address sends from.
    #[schemars(with = "Option<String>", extend("enum" = source::NAMES))]
    pub source: Option<Spanned<String>>,
    /// Dedicated loopback address, in 127.64.0.0/10; without it one that is free.
    #[schemars(with = "Option<String>")]
    pub loopback: Option<Spanned<String>>,
    /// Addresses of the machine's loopback that it reaches.
    #[schemars(with = "Option<String>")]
    pub host_loopback: Option<Spanned<String>>,
    /// Whether a refused call also sends the task SIGSYS.
    #[schemars(with = "Option<String>", extend("enum" = ON_REFUSAL))]
    pub on_refusal: Option<Spanned<String>>,
    /// What is allowed that is otherwise refused.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": ["raw"] }))]
    pub allow: Vec<Spanned<String>>,
    /// Rules by which tasks become members when they execute a program.
    #[serde(default)]
    #[schemars(with = "Vec<RuleTable>")]
    pub rule: Vec<Spanned<RuleTable>>,
    /// Sets within which users associate their own processes.
    #[serde(default)]
    #[schemars(with = "Vec<GrantTable>")]
    pub grant: Vec<Spanned<GrantTable>>,
}

/// A rule: all criteria that are given must apply. At least one is, and not both a cgroup and a unit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "not" = { "required": ["cgroup", "unit"] }))]
pub(super) struct RuleTable {
    /// The path of the program.
    pub exe: Option<String>,
    /// The user.
    pub uid: Option<Word>,
    /// The group.
    pub gid: Option<Word>,
    /// The path of a control group, for it and those below.
    pub cgroup: Option<String>,
    /// A unit of systemd.
    pub unit: Option<String>,
}

/// A grant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantTable {
    /// Who is granted the set.
    pub user: Word,
    /// The set.
    #[schemars(with = "Vec<String>", length(min = 1, max = 1024))]
    pub addresses: Spanned<Vec<Spanned<String>>>,
}

/// A user or a group, by name or number.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Word {
    /// By name.
    Name(String),
    /// By number.
    Number(u32),
}

impl Word {
    /// As a person would write it.
    pub fn text(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// The JSON Schema of policy files, for editors and for checks elsewhere. What it accepts can still
/// have a fault: it does not read addresses and names.
pub fn schema() -> Schema {
    schemars::schema_for!(File)
}
