// SPDX-License-Identifier: GPL-2.0

//! The rights with which `run` executes a program.

use std::collections::HashSet;

use caps::Capability;
use rustix::io::Errno;

use super::{nginx, run};
use crate::system::AskedRights;
use crate::testing::OWN_PID;

/// What `run` looks up with these options, and took before it executed the program.
fn taken(options: &str) -> AskedRights {
    let fake = nginx();
    let line = ["run --addr 10.0.0.1", options, "ls"];
    let line = line.map(str::trim).join(" ").replace("  ", " ");
    let (result, _) = run(&fake, &line);
    assert_eq!(result.unwrap_err().exit_code(), 1);
    let state = fake.state();
    assert_eq!(state.executed.len(), 1);
    let (asked, taken) = &state.rights[0];
    assert!(taken);
    asked.clone()
}

#[test]
fn a_program_keeps_the_rights_of_addrctl_unless_told_otherwise() {
    assert_eq!(taken(""), AskedRights::default());
}

#[test]
fn a_user_gets_the_right_to_low_ports_alone() {
    let www = taken("--user www-data");
    assert_eq!(www.user.as_deref(), Some("www-data"));
    let ordinary = HashSet::from([Capability::CAP_NET_BIND_SERVICE]);
    assert_eq!(www.caps, Some(ordinary));
    let none = taken("--user www-data --group ssl --caps none --no-new-privs");
    assert_eq!(none.group.as_deref(), Some("ssl"));
    assert_eq!(none.caps, Some(HashSet::new()));
    assert!(none.no_new_privs);
    let raw = taken("--caps net_raw");
    assert_eq!(
        (raw.user, raw.caps),
        (None, Some(HashSet::from([Capability::CAP_NET_RAW])))
    );
}

#[test]
fn a_user_that_is_not_known_changes_nothing() {
    let fake = nginx();
    fake.state().no_rights = Some("there is no user w");
    let error = run(&fake, "run --user w --addr 10.0.0.1 ls").0.unwrap_err();
    let words = "cannot run the program with these rights: there is no user w";
    assert!(error.to_string().contains(words), "{error}");
    assert!(fake.state().associations.is_empty());
}

#[test]
fn a_program_is_not_executed_with_more_rights_than_it_should_have() {
    let fake = nginx();
    fake.state().no_taking = Some(Errno::PERM);
    let error = run(&fake, "run --user w --addr 10.0.0.1 ls").0.unwrap_err();
    let words = "addrctl cannot set the user: ";
    assert!(error.to_string().contains(words), "{error}");
    assert!(fake.state().executed.is_empty());
    assert_eq!(fake.state().associations[&1].pids, vec![OWN_PID]);
}
