// SPDX-License-Identifier: GPL-2.0

//! The answers for programs: every command that prints has one, and a schema. `probe.rs` has what
//! the schemas say, `told.rs` what the answers say.

use std::collections::BTreeSet;
use std::ffi::OsString;

use addrconf_abi::AddrEntry;
use clap::{Command, CommandFactory};
use serde_json::{json, Value};

use super::events::refusing;
use super::policies::write;
use super::schema::{answers, OPEN, PUBLISHED};
use super::{addrctl, run};
use crate::cli::Cli;
use crate::testing::{Fake, FakeFile};

/// Command lines on `machine()` that together have every field that an answer can have.
const LINES: [&str; 40] = [
    "assign 813 10.0.0.7 --json",
    "assign --cgroup shop.slice --to shop --json",
    "move 812 --to mail --json",
    "define new 10.0.0.7 --json",
    "undefine web --json",
    "rule add --gid 7 --to mail --json",
    "rule list --json",
    "grants --json",
    "add shop 10.0.0.7 --json",
    "remove shop 2001:db8::1 --json",
    "replace shop 10.0.0.7 --reset --json",
    "flush --json",
    "flush --force --json",
    "flush --dry-run --json",
    "list --json",
    "show shop --json",
    "ps --json",
    "sockets --all --json",
    "stats --json",
    "top --batch --json",
    "traffic --json",
    "check shop bind 0.0.0.0:80 --json",
    "check shop bind 10.0.0.77:80 --json",
    "check shop connect 192.0.2.1:25 --json",
    "check shop bind 10.0.0.1 --json",
    "check shop bind 10.0.0.1:8080 --json",
    "metrics --json",
    "monitor --recent --json",
    "explain 812 --json",
    "self --json",
    "doctor --json",
    "apply --prune --json",
    "apply --prune --dry-run --json",
    "apply /etc/addrconf-other --json",
    "apply /etc/addrconf-faulty --json",
    "lint --json",
    "lint /etc/addrconf-faulty --json",
    "export --json",
    "export mail --json",
    "version --json",
];

/// Commands that print nothing, with a line each; `run` prints what its program prints.
const SILENT: [(&str, &str); 5] = [
    ("grant", "grant 1000 10.0.0.8"),
    ("release", "release shop"),
    ("revoke", "revoke 1000"),
    ("rule-remove", "rule remove --all"),
    ("run", "run --addr 10.0.0.7 true"),
];

/// A machine on which there is something of everything.
pub(super) fn machine() -> Fake {
    let fake = refusing();
    fake.state().local = Some(vec!["10.0.0.1".parse().unwrap()]);
    fake.state().own_state = "id: 1\nname: shop\ntasks: 2\nsockets: 1\nrefused: bind=7\n\
                              loopback: 127.64.0.3\naddresses: 10.0.0.1 ...\n"
        .to_owned();
    fake.state().group("/shop.slice", &[812, 813]);
    let program = "/usr/bin/php-fpm".into();
    fake.state().files.insert(program, FakeFile::Program);
    for line in [
        "add shop 2001:db8::1",
        "define mail 10.0.1.1 --exclusive --source random --loopback 127.64.0.77 --host-loopback \
         127.0.0.53 --on-refusal signal --allow raw",
        "define web 10.0.1.1 --exclusive --force",
        "rule add --exe /usr/bin/php-fpm --uid 33 --gid 33 --cgroup /shop.slice --to mail",
        "grant 1000 10.0.0.8",
    ] {
        addrctl(&fake, line).unwrap();
    }
    // It stays, on an address that is not in the set.
    let elsewhere = AddrEntry::host("10.0.9.9".parse().unwrap());
    let mut state = fake.state();
    state.associations.get_mut(&1).unwrap().connections = vec![elsewhere];
    drop(state);
    super::sockets::add_some(&fake);
    fake.state().counts_traffic = true;
    write(
        &fake,
        "shop",
        "addresses = [\"10.0.0.3\"]\nname = \"new\"\n[[rule]]\nuid = 7\n",
    );
    write(&fake, "mail", "addresses = [\"10.0.1.2\"]\nexclusive = true\nsource = \"random\"\n\
                          host-loopback = \"127.0.0.53\"\non-refusal = \"signal\"\nallow = [\"raw\"]\n");
    write(
        &fake,
        "grants",
        "[[grant]]\nuser = 7\naddresses = [\"10.0.0.7\"]\n",
    );
    let add = |path: &str, text: &str| {
        fake.state().policies.insert(path.into(), text.to_owned());
    };
    add(
        "/etc/addrconf-faulty/a.toml",
        "addresses = []\nname = \"12\"\n",
    );
    add(
        "/etc/addrconf-other/web.toml",
        "addresses = [\"10.0.0.6\"]\n",
    );
    fake
}

fn words(line: &str) -> Vec<OsString> {
    let words = ["addrctl"].into_iter().chain(line.split(' '));
    words.map(OsString::from).collect()
}

/// The answers to all lines, each with the name of its schema.
pub(super) fn all_answers() -> Vec<(String, Value)> {
    let answers = LINES.iter().flat_map(|line| {
        let (result, printed) = run(&machine(), line);
        let found = answers(&words(line), &printed, result.is_ok());
        assert!(!found.is_empty(), "{line} fails: {}", result.unwrap_err());
        found
    });
    answers.collect()
}

/// The commands that do something, by the names of their schemas, and whether each can print for
/// programs.
fn commands(of: &Command, before: &str, all: &mut Vec<(String, bool)>) {
    for command in of
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = format!("{before}{}", command.get_name());
        if command.has_subcommands() {
            commands(command, &format!("{name}-"), all);
        } else {
            let json = |arg: &clap::Arg| arg.get_id() == "json";
            all.push((name, command.get_arguments().any(json)));
        }
    }
}

#[test]
fn the_published_schema_is_that_of_this_version() {
    let now = addrctl(&machine(), "generate answers").unwrap();
    assert_eq!(PUBLISHED, now, "make it with `addrctl generate answers`");
    let published = serde_json::from_str(PUBLISHED).unwrap();
    jsonschema::meta::validate(&published).unwrap();
    assert!(jsonschema::is_valid(
        &published,
        &json!({"version": 1, "id": 3})
    ));
    assert!(!jsonschema::is_valid(&published, &json!({"version": 1})));
}

#[test]
fn every_command_that_prints_has_an_answer_for_programs_with_a_schema() {
    let mut all = Vec::new();
    commands(&Cli::command(), "", &mut all);
    let with = |json| {
        let some = all.iter().filter(move |(_, has)| *has == json);
        some.map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>()
    };
    let silent = SILENT.iter().map(|(name, _)| *name).collect();
    assert_eq!(with(false), silent);
    for (name, line) in SILENT {
        let (result, printed) = run(&machine(), line);
        assert_eq!(printed, "", "{name}");
        assert_eq!(result.is_ok(), name != "run", "{name}");
    }
    // `run()` has validated each of these answers.
    let answered: BTreeSet<_> = all_answers().into_iter().map(|(name, _)| name).collect();
    let published: BTreeSet<_> = OPEN.keys().cloned().collect();
    assert_eq!(answered, published);
    let plain = published
        .iter()
        .map(|name| name.trim_end_matches("-dry-run"));
    assert_eq!(plain.collect::<BTreeSet<_>>(), with(true));
}
