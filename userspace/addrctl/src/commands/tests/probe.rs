// SPDX-License-Identifier: GPL-2.0

//! The published schemas say what scripts may rely on: which fields are always there, and what is in
//! them. Every answer is changed in every place, and the schema must notice.

use std::collections::BTreeSet;

use serde_json::{json, Value};

use super::answers::all_answers;
use super::schema::{CLOSED, OPEN, PUBLISHED};

/// Fields that are left out where they mean nothing, by answer: all others are always there.
const LEFT_OUT: [(&str, &str); 7] = [
    ("check", "errno holders port reason source stands_for"),
    (
        "explain refusals",
        "address comm errno operation pid port reason",
    ),
    (
        "export policy",
        "addresses allow exclusive grant host-loopback loopback name on-refusal rule source",
    ),
    ("export policy rule", "cgroup exe gid uid"),
    ("list associations", "absent contested"),
    (
        "monitor",
        "address comm errno held_back lost operation pid port reason",
    ),
    ("show association", "absent processes"),
];

/// An answer, the schemas for it, and what was found out about it.
struct Probe<'a> {
    name: &'a str,
    answer: Value,
    left_out: &'a mut BTreeSet<String>,
    seen: &'a mut BTreeSet<String>,
}

impl Probe<'_> {
    fn is_open_to(&self, answer: &Value) -> bool {
        OPEN[self.name].is_valid(answer)
    }

    /// Changes the value at a pointer in every way, and those below it.
    fn probe(&mut self, at: &str) {
        let here = self.answer.pointer(at).unwrap().clone();
        let path: Vec<_> = at
            .split('/')
            .filter(|word| word.parse::<usize>().is_err())
            .collect();
        let path = format!("{}{}", self.name, path.join(" "));
        let with = |value: Value| {
            let mut changed = self.answer.clone();
            *changed.pointer_mut(at).unwrap() = value;
            changed
        };
        let other = if here.is_array() {
            json!(0.5)
        } else {
            json!([[]])
        };
        assert!(!self.is_open_to(&with(other)), "{path} has no type");
        match here {
            Value::Array(all) => (0..all.len()).for_each(|i| self.probe(&format!("{at}/{i}"))),
            // A map from operations to numbers.
            Value::Object(_) if path.ends_with("refused") => {
                assert!(!self.is_open_to(&with(json!({"bind": "often"}))), "{path}");
            }
            Value::Object(fields) => {
                let mut more = fields.clone();
                more.insert("later".to_owned(), json!(null));
                let more = with(more.into());
                assert!(self.is_open_to(&more), "{path} is closed to later fields");
                assert!(!CLOSED[self.name].is_valid(&more), "{path} takes any field");
                let without = |field: &&String| {
                    let mut fewer = fields.clone();
                    fewer.remove(*field);
                    self.is_open_to(&with(fewer.into()))
                };
                let optional: Vec<_> = fields.keys().filter(|field| without(field)).collect();
                let named = |field| format!("{path} {field}");
                self.left_out.extend(optional.into_iter().map(named));
                self.seen.extend(fields.keys().map(named));
                for field in fields.keys() {
                    self.probe(&format!("{at}/{field}"));
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_schema_requires_and_types_every_field_and_forbids_none() {
    let (mut left_out, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (name, answer) in all_answers() {
        let mut probe = Probe {
            name: &name,
            answer,
            left_out: &mut left_out,
            seen: &mut seen,
        };
        probe.probe("");
    }
    let expected = LEFT_OUT.iter().flat_map(|(path, fields)| {
        let fields = fields.split(' ');
        fields.map(move |field| format!("{path} {field}"))
    });
    assert_eq!(left_out, expected.collect());
    // The lines above miss no field that a schema names.
    let published: Value = serde_json::from_str(PUBLISHED).unwrap();
    let mut named = BTreeSet::new();
    fields(&published, &mut named);
    let last = |path: &String| path.rsplit(' ').next().unwrap_or_default().to_owned();
    let seen: BTreeSet<_> = seen.iter().map(last).collect();
    assert_eq!(named.difference(&seen).collect::<Vec<_>>(), [""; 0]);
}

/// The names of all fields that a schema has.
fn fields(schema: &Value, named: &mut BTreeSet<String>) {
    match schema {
        Value::Object(keywords) => {
            if let Some(Value::Object(properties)) = keywords.get("properties") {
                named.extend(properties.keys().cloned());
            }
            keywords.values().for_each(|below| fields(below, named));
        }
        Value::Array(all) => all.iter().for_each(|below| fields(below, named)),
        _ => {}
    }
}
