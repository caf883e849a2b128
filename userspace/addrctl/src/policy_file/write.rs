// SPDX-License-Identifier: GPL-2.0

//! Writing policy files, as `syntax.rs` reads them.

use std::fmt::Write;

use super::{Grant, Rule, Tenant};
use crate::address::AddressSet;
use crate::source;

/// The file that describes a tenant.
pub fn tenant(tenant: &Tenant) -> String {
    let terms = &tenant.terms;
    let mut text = String::new();
    line(&mut text, "name", &quoted(tenant.name.as_str()));
    line(&mut text, "addresses", &addresses(&tenant.addresses));
    if terms.exclusive {
        line(&mut text, "exclusive", "true");
    }
    if terms.source != Default::default() {
        line(&mut text, "source", &quoted(source::name(terms.source)));
    }
    if let Some(loopback) = terms.loopback {
        line(&mut text, "loopback", &quoted(&loopback.to_string()));
    }
    if let Some(net) = terms.host_loopback {
        line(&mut text, "host-loopback", &quoted(&net.to_string()));
    }
    if terms.signal {
        line(&mut text, "on-refusal", &quoted("signal"));
    }
    if !terms.allow.is_empty() {
        line(
            &mut text,
            "allow",
            &list(terms.allow.iter().map(|kind| kind.name().to_owned())),
        );
    }
    for rule in &tenant.rules {
        text.push_str("\n[[rule]]\n");
        self::rule(&mut text, rule);
    }
    text
}

/// The tables that grant users something.
pub fn grants(grants: &[Grant]) -> String {
    let mut text = String::new();
    for grant in grants {
        text.push_str("\n[[grant]]\n");
        line(&mut text, "user", &quoted(&grant.user));
        line(&mut text, "addresses", &addresses(&grant.addresses));
    }
    text
}

fn rule(text: &mut String, rule: &Rule) {
    let criteria = [
        ("exe", &rule.exe),
        ("uid", &rule.uid),
        ("gid", &rule.gid),
        ("cgroup", &rule.cgroup),
        ("unit", &rule.unit),
    ];
    for (key, value) in criteria {
        if let Some(value) = value {
            line(text, key, &quoted(value));
        }
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{key} = {value}");
}

fn addresses(set: &AddressSet) -> String {
    list(set.entries().iter().map(ToString::to_string))
}

fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.map(|word| quoted(&word)).collect();
    format!("[{}]", words.join(", "))
}

/// A basic string of TOML, whose escapes JSON has as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
