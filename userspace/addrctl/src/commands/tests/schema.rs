// SPDX-License-Identifier: GPL-2.0

//! Whatever any test lets a command print for programs is checked against the published schema, in
//! a form that refuses fields which it does not name.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::LazyLock;

use clap::{ArgMatches, CommandFactory};
use jsonschema::Validator;
use serde_json::{Map, Value};

use crate::cli::Cli;

/// The schema as it is published.
pub const PUBLISHED: &str = include_str!("../../../../../docs/answers.schema.json");

/// The command that prints an object on each line.
const LINES: &str = "monitor";

/// The schemas of answers by their names, as published.
pub static OPEN: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| validators(document()));

/// The same, where an object has no other fields than those named.
pub static CLOSED: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut document = document();
    close(&mut document);
    validators(document)
});

fn document() -> Value {
    serde_json::from_str(PUBLISHED).unwrap()
}

/// A validator for each answer: those of its parts have a capital letter.
fn validators(document: Value) -> BTreeMap<String, Validator> {
    let names = document["$defs"].as_object().unwrap().keys();
    let names = names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    let validator = |name: &String| {
        let mut one = Map::new();
        one.insert("$ref".to_owned(), format!("#/$defs/{name}").into());
        one.insert("$defs".to_owned(), document["$defs"].clone());
        jsonschema::draft202012::new(&one.into()).unwrap()
    };
    names.map(|name| (name.clone(), validator(name))).collect()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            if keywords.contains_key("properties") {
                keywords.insert("additionalProperties".to_owned(), false.into());
            }
            keywords.values_mut().for_each(close);
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        _ => {}
    }
}

/// The answers of a command line, each with the name of its schema; none if it was not asked to
/// print for programs.
///
/// # Panics
///
/// Panics if they are no JSON, or if there is none although the command succeeded.
pub fn answers(args: &[OsString], printed: &str, succeeded: bool) -> Vec<(String, Value)> {
    let matches = Cli::command().get_matches_from(args);
    let mut words = Vec::new();
    let mut command = &matches;
    while let Some((word, below)) = command.subcommand() {
        words.push(word);
        command = below;
    }
    if !is_set(command, "json") {
        return Vec::new();
    }
    let name = words.join("-");
    let dry = format!("{name}-dry-run");
    let name = match is_set(command, "dry_run") && OPEN.contains_key(&dry) {
        true => dry,
        false => name,
    };
    let texts: Vec<_> = match name == LINES {
        true => printed.lines().collect(),
        // A failure can leave nothing to say but its message.
        false if printed.is_empty() && !succeeded => Vec::new(),
        false => vec![printed],
    };
    let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let answer = |text| (name.clone(), read(text));
    texts.into_iter().map(answer).collect()
}

fn is_set(command: &ArgMatches, option: &str) -> bool {
    let given = command.try_get_one::<bool>(option);
    given.is_ok_and(|given| given == Some(&true))
}

/// Checks an answer against its schema, which must name all of its fields.
#[track_caller]
pub fn check(name: &str, answer: &Value) {
    let schema = CLOSED.get(name);
    let schema = schema.unwrap_or_else(|| panic!("`addrctl generate answers` lacks {name}"));
    if let Err(problem) = schema.validate(answer) {
        panic!("{name} at {}: {problem}", problem.instance_path);
    }
}
