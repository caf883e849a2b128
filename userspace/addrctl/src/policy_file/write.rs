// SPDX-License-Identifier: GPL-2.0

//! Policy files as they are written, with the keys of `keys.rs`. What has its default is left out.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Grant, Rule, Tenant};
use crate::address::AddressSet;
use crate::allow::Allow;
use crate::source;
use crate::word::ON_REFUSAL;

/// A policy file: a tenant with its rules, or grants.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PolicyFile")]
pub struct Written {
    /// Name of the association.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    name: Option<String>,
    /// Its set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    /// Whether its addresses are exclusive.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exclusive: bool,
    /// The choice of source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("enum" = source::NAMES))]
    source: Option<&'static str>,
    /// The dedicated loopback address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    loopback: Option<String>,
    /// The addresses of the machine's loopback that it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    host_loopback: Option<String>,
    /// What a refused call does beside failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("enum" = ON_REFUSAL))]
    on_refusal: Option<&'static str>,
    /// What is allowed that is otherwise refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Allow>")]
    allow: Vec<&'static str>,
    /// The rules by which tasks become members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rule: Vec<WrittenRule>,
    /// What users are granted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grant: Vec<WrittenGrant>,
}

/// A rule. What it does not name is left out.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PolicyRule")]
struct WrittenRule {
    /// The path of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    exe: Option<String>,
    /// The user, by name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    uid: Option<String>,
    /// The group, by name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    gid: Option<String>,
    /// The path of the control group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    cgroup: Option<String>,
    /// The unit of systemd.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    unit: Option<String>,
}

/// What a user is granted.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PolicyGrant")]
struct WrittenGrant {
    /// The user, by name or number.
    user: String,
    /// The set.
    addresses: Vec<String>,
}

impl Written {
    /// The file that describes a tenant.
    pub fn tenant(tenant: &Tenant) -> Self {
        let terms = &tenant.terms;
        let source = Some(terms.source).filter(|choice| *choice != Default::default());
        Self {
            name: Some(tenant.name.as_str().to_owned()),
            addresses: words(&tenant.addresses),
            exclusive: terms.exclusive,
            source: source.map(source::name),
            loopback: terms.loopback.map(|addr| addr.to_string()),
            host_loopback: terms.host_loopback.map(|net| net.to_string()),
            on_refusal: terms.signal.then_some(ON_REFUSAL[1]),
            allow: terms.allow.iter().map(|kind| kind.name()).collect(),
            rule: tenant.rules.iter().map(WrittenRule::new).collect(),
            grant: Vec::new(),
        }
    }

    /// A file that grants users something.
    pub fn grants(grants: &[Grant]) -> Self {
        let written = grants.iter().map(|grant| WrittenGrant {
            user: grant.user.clone(),
            addresses: words(&grant.addresses),
        });
        Self {
            grant: written.collect(),
            ..Self::default()
        }
    }

    /// Its text.
    ///
    /// # Errors
    ///
    /// None that these values have: all of them are texts, and tables come last.
    pub fn text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

impl WrittenRule {
    fn new(rule: &Rule) -> Self {
        Self {
            exe: rule.exe.clone(),
            uid: rule.uid.clone(),
            gid: rule.gid.clone(),
            cgroup: rule.cgroup.clone(),
            unit: rule.unit.clone(),
        }
    }
}

fn words(set: &AddressSet) -> Vec<String> {
    set.entries().iter().map(ToString::to_string).collect()
}
