// SPDX-License-Identifier: GPL-2.0

//! The commands against a made-up kernel: what they do when they succeed, and
//! (`refusals.rs`) what they say when they fail.

mod answers;
mod cgroups;
mod check;
mod defined;
mod denied;
mod doctor;
mod events;
mod exclusive;
mod flush;
mod grants;
mod http;
mod journal;
mod leftovers;
mod mistakes;
mod moving;
mod narrow;
mod older_module;
mod options;
mod output;
mod policies;
mod policy_answers;
mod probe;
mod ps;
mod refusals;
mod rights;
mod rule_refusals;
mod rules;
mod schema;
mod services;
mod sockets;
mod told;
mod top;
mod traffic;
mod units;
mod update;

use std::ffi::OsString;
use std::io;

use addrconf_abi::Command as Call;
use rustix::io::Errno;

use crate::cli::Cli;
use crate::commands::run::exit_code as run_exit_code;
use crate::error::{Error, ErrorKind};
use crate::testing::{Fake, FakeAssociation, OWN_PID};

/// Runs a command line; returns what it printed.
pub(super) fn addrctl(fake: &Fake, line: &str) -> Result<String, Error> {
    let (result, printed) = run(fake, line);
    result.map(|()| printed)
}

/// The result of a command, and what it printed, which is checked if it is for programs.
fn run(fake: &Fake, line: &str) -> (Result<(), Error>, String) {
    let words = format!("addrctl {line}");
    let args: Vec<_> = words.split(' ').map(OsString::from).collect();
    let (command, _) = Cli::read(&args).unwrap();
    let mut out = Vec::new();
    let result = command.named().run(fake, &mut out);
    let printed = String::from_utf8(out).unwrap();
    for (name, answer) in schema::answers(&args, &printed, result.is_ok()) {
        schema::check(&name, &answer);
    }
    (result, printed)
}

/// A kernel with two processes.
pub(super) fn nginx() -> Fake {
    Fake::with_processes(&[(812, "nginx"), (813, "nginx")])
}

/// The set of an association.
fn set(fake: &Fake, id: u64) -> String {
    fake.state().associations[&id].set().to_string()
}

#[test]
fn assign_hands_over_addresses_in_order_and_prints_the_id() {
    let fake = nginx();
    let list = "2001:db8::/64,10.0.0.7,10.0.0.5,2001:db8:1::1";
    let printed = addrctl(&fake, &format!("assign 812 {list} --name web-1")).unwrap();
    assert_eq!(printed, "1\n");
    assert_eq!(set(&fake, 1), list);
    let state = fake.state();
    let association = &state.associations[&1];
    assert_eq!(association.terms.name.as_str(), "web-1");
    assert_eq!(association.pids, [812]);
}

#[test]
fn as_many_addresses_as_a_set_holds_arrive() {
    let fake = nginx();
    let all: Vec<_> = (0..1024)
        .map(|i| format!("10.0.{}.{}", i / 256, i % 256))
        .collect();
    let list = all.join(",");
    addrctl(&fake, &format!("assign 812 {list}")).unwrap();
    assert_eq!(set(&fake, 1), list);
    let shown = addrctl(&fake, "show 812").unwrap();
    assert!(shown.contains("10.0.3.255\n"), "{shown}");
}

#[test]
fn run_associates_itself_and_closes_the_device_before_the_program_starts() {
    let fake = nginx();
    let error = addrctl(&fake, "run --addr 10.0.0.1 --name a -- nginx -g daemon").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProgram);
    let state = fake.state();
    assert_eq!(state.associations[&1].pids, [OWN_PID]);
    let program = ["nginx", "-g", "daemon"].map(OsString::from).to_vec();
    assert_eq!(state.executed, [(program, 0)]);
}

#[test]
fn run_never_starts_the_program_unassociated() {
    for call in [Errno::PERM, Errno::EXIST, Errno::NOMEM, Errno::INVAL] {
        let fake = nginx();
        fake.state().failing = Some((Call::Assign, call));
        let error = addrctl(&fake, "run --addr 10.0.0.1 true").unwrap_err();
        assert_eq!(run_exit_code(&error), 125);
        assert!(fake.state().executed.is_empty());
    }
    let fake = nginx();
    fake.state().no_device = Some(Errno::NOENT);
    let error = addrctl(&fake, "run --addr 10.0.0.1 true").unwrap_err();
    assert_eq!(run_exit_code(&error), 125);
    assert!(fake.state().executed.is_empty());
}

#[test]
fn a_program_that_is_missing_is_127_and_one_that_cannot_run_126() {
    let fake = nginx();
    let error = addrctl(&fake, "run --addr 10.0.0.1 nginks").unwrap_err();
    assert_eq!(run_exit_code(&error), 127);
    assert!(error.to_string().contains("\"nginks\": no such program"));

    let fake = nginx();
    fake.state().exec_error = Some(io::ErrorKind::PermissionDenied);
    let error = addrctl(&fake, "run --addr 10.0.0.1 ./page.html").unwrap_err();
    assert_eq!(run_exit_code(&error), 126);
    assert!(error.to_string().contains("permission denied"));
}

#[test]
fn release_takes_one_process_out_and_leaves_the_others() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1").unwrap();
    fake.state()
        .associations
        .get_mut(&1)
        .unwrap()
        .pids
        .push(813);
    assert_eq!(addrctl(&fake, "release 812").unwrap(), "");
    assert_eq!(fake.state().associations[&1].pids, [813]);
    addrctl(&fake, "release --association 1").unwrap();
    assert!(fake.state().associations.is_empty());
}

#[test]
fn list_shows_each_association() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1,10.1.0.0/24 --name web").unwrap();
    addrctl(&fake, "assign 813 2001:db8::1").unwrap();
    assert_eq!(
        addrctl(&fake, "list").unwrap(),
        "\
ID  NAME  ADDRESSES             EXCLUSIVE  SOURCE  LOOPBACK    PROCESSES  TASKS  SOCKETS
 1  web   10.0.0.1,10.1.0.0/24  no         route   127.64.0.1          1      1        0
 2  -     2001:db8::1           no         route   127.64.0.2          1      1        0
"
    );
    let json = addrctl(&fake, "list --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["associations"][0]["name"], "web");
    assert_eq!(json["associations"][1]["primary"]["ipv6"], "2001:db8::1");
}

#[test]
fn more_associations_and_processes_than_one_call_returns_are_all_shown() {
    let fake = nginx();
    for id in 1..=2500 {
        let association = FakeAssociation {
            pids: vec![812; if id == 7 { 3000 } else { 1 }],
            ..FakeAssociation::default()
        };
        fake.state().associations.insert(id, association);
    }
    assert_eq!(addrctl(&fake, "list").unwrap().lines().count(), 2501);
    let json = addrctl(&fake, "show --association 7 --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let processes = json["association"]["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 3000);
    assert_eq!(processes[2999]["command"], "nginx");
}

#[test]
fn list_leaves_out_an_association_that_ended_meanwhile() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1").unwrap();
    fake.state().failing = Some((Call::Query, Errno::NOENT));
    assert_eq!(addrctl(&fake, "list").unwrap().lines().count(), 1);
}

#[test]
fn show_names_the_processes() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1").unwrap();
    let shown = addrctl(&fake, "show 812").unwrap();
    for line in [
        "association  1",
        "name         -",
        "addresses    10.0.0.1 (primary)",
        "processes    812 (nginx)",
        "tasks        1",
        "sockets      0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert_eq!(addrctl(&fake, "show --association 1").unwrap(), shown);
}

#[test]
fn version_tells_both_versions_and_whether_the_module_is_there() {
    let fake = nginx();
    let own = concat!("addrctl ", env!("CARGO_PKG_VERSION"), " (ABI 10)\n");
    let printed = addrctl(&fake, "version").unwrap();
    assert_eq!(
        printed,
        format!("{own}module: ABI 10, up to 1024 addresses per set\n")
    );
    assert_eq!(addrctl(&fake, "--version").unwrap(), printed);
    fake.state().no_device = Some(Errno::NOENT);
    assert_eq!(
        addrctl(&fake, "version").unwrap(),
        format!("{own}module: not loaded\n")
    );
    fake.state().no_device = Some(Errno::ACCESS);
    assert!(addrctl(&fake, "-V").unwrap().contains("module: loaded"));
}

#[test]
fn everything_after_the_program_belongs_to_the_program() {
    for (line, expected) in [
        ("sh -c --name x", &["sh", "-c", "--name", "x"][..]),
        ("-- ls -- -a", &["ls", "--", "-a"]),
        ("ls --json --help", &["ls", "--json", "--help"]),
        ("-- --odd", &["--odd"]),
    ] {
        let fake = nginx();
        addrctl(&fake, &format!("run --addr 10.0.0.1 {line}")).unwrap_err();
        let state = fake.state();
        let (executed, _) = &state.executed[0];
        assert_eq!(executed, expected, "{line}");
    }
}
