// SPDX-License-Identifier: GPL-2.0

//! `add`, `remove` and `replace`.

use addrconf_abi::Command as Call;
use rustix::io::Errno;

use super::refusals::refused;
use super::{addrctl, nginx, set};
use crate::address;
use crate::testing::Fake;

/// Process 812 with two addresses and a connection on each.
fn serving() -> Fake {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1,10.0.0.2").unwrap();
    let connections = ["10.0.0.1", "10.0.0.2"].map(|a| address::entry(a).unwrap());
    let mut state = fake.state();
    state.associations.get_mut(&1).unwrap().connections = connections.to_vec();
    drop(state);
    fake
}

#[test]
fn a_set_is_changed_by_process_and_by_association() {
    let fake = serving();
    assert_eq!(addrctl(&fake, "add 812 10.0.0.3").unwrap(), "");
    assert_eq!(set(&fake, 1), "10.0.0.1,10.0.0.2,10.0.0.3");
    addrctl(&fake, "remove --association 1 10.0.0.1,10.0.0.3").unwrap();
    assert_eq!(set(&fake, 1), "10.0.0.2");
    addrctl(&fake, "replace 10.0.0.7,2001:db8::/64 --association 1").unwrap();
    assert_eq!(set(&fake, 1), "10.0.0.7,2001:db8::/64");
    assert_eq!(fake.state().open_devices, 0);
}

#[test]
fn connections_are_reset_only_when_asked_and_counted() {
    let fake = serving();
    assert_eq!(addrctl(&fake, "add 812 --reset 10.0.0.3").unwrap(), "");
    let printed = addrctl(&fake, "remove 812 10.0.0.2 --reset").unwrap();
    assert_eq!(printed, "1 connection reset\n");
    assert_eq!(addrctl(&fake, "replace 812 10.0.0.9").unwrap(), "");
    assert_eq!(fake.state().associations[&1].connections.len(), 1);

    let fake = serving();
    let printed = addrctl(&fake, "replace --reset 812 10.0.0.9").unwrap();
    assert_eq!(printed, "2 connections reset\n");
}

#[test]
fn an_address_that_is_there_already_is_named() {
    let fake = serving();
    refused(
        &fake,
        "add 812 10.0.0.3,10.0.0.2",
        1,
        "cannot add 10.0.0.3,10.0.0.2 to the set of process 812 (nginx): 10.0.0.2 is in the set \
         already; nothing was changed",
    );
    assert_eq!(set(&fake, 1), "10.0.0.1,10.0.0.2");
    refused(
        &fake,
        "add --association 1 10.0.0.2,10.0.0.1",
        1,
        "set of association 1: 10.0.0.2,10.0.0.1 are in the set already",
    );
}

#[test]
fn an_address_that_is_not_there_is_named_and_is_no_missing_process() {
    let fake = serving();
    refused(
        &fake,
        "remove 812 10.0.0.2,10.0.0.9",
        1,
        "cannot remove 10.0.0.2,10.0.0.9 from the set of process 812 (nginx): 10.0.0.9 is not in \
         the set; nothing was changed, `addrctl show 812` lists the set",
    );
    assert_eq!(set(&fake, 1), "10.0.0.1,10.0.0.2");
    addrctl(&fake, "add 812 10.1.0.0/24").unwrap();
    refused(
        &fake,
        "remove --association 1 10.1.0.7",
        1,
        "10.1.0.7 is a part of 10.1.0.0/24, which can only be removed as a whole",
    );
}

#[test]
fn the_last_address_stays() {
    let fake = serving();
    refused(
        &fake,
        "remove 812 10.0.0.2,10.0.0.1",
        1,
        "these are all it has, and an association keeps at least one address; `addrctl replace`",
    );
    assert_eq!(set(&fake, 1), "10.0.0.1,10.0.0.2");
}

#[test]
fn an_unassociated_process_and_an_unknown_association_are_not_found() {
    let fake = serving();
    for command in ["add", "remove", "replace"] {
        let line = format!("{command} 813 10.0.0.1");
        let words = "process 813 (nginx)";
        refused(&fake, &line, 5, words);
        refused(&fake, &line, 5, "the process is not associated");
        let line = format!("{command} --association 9 10.0.0.1");
        refused(&fake, &line, 5, "association 9");
        refused(&fake, &line, 5, "no such association");
        let line = format!("{command} 7 10.0.0.1");
        refused(&fake, &line, 5, "there is no process 7");
    }
}

#[test]
fn a_set_that_would_be_too_large_is_refused_in_words() {
    let fake = serving();
    let list: Vec<_> = (0..1023)
        .map(|i| format!("10.9.{}.{}", i / 256, i % 256))
        .collect();
    let line = format!("add 812 {}", list.join(","));
    refused(&fake, &line, 1, "would have more than 1024 addresses");
}

#[test]
fn every_other_refusal_of_a_change_is_told_in_words() {
    let cases = [
        (Errno::PERM, 4, "runs in an association itself"),
        (Errno::SRCH, 5, "has exited meanwhile"),
        (Errno::INVAL, 1, "malformed"),
        (Errno::NOMEM, 1, "no memory"),
        (Errno::BUSY, 1, "busy; try again"),
        (Errno::NODEV, 3, "being unloaded"),
        (Errno::BADF, 1, "Bad file descriptor"),
        (Errno::FAULT, 1, "Bad address"),
        (Errno::NOTTY, 1, "of different versions"),
    ];
    for (errno, code, words) in cases {
        let fake = serving();
        fake.state().failing = Some((Call::Update, errno));
        for command in ["add", "remove", "replace"] {
            let line = format!("{command} 812 10.0.0.3");
            refused(&fake, &line, code, words);
            refused(&fake, &line, code, "10.0.0.3");
        }
    }
    // The set has changed between the refusal and our look at it.
    let fake = serving();
    fake.state().failing = Some((Call::Update, Errno::EXIST));
    refused(&fake, "add 812 10.0.0.3", 1, "one of them is in the set");
}
