// SPDX-License-Identifier: GPL-2.0

//! The options that are the terms of an association, and how they are shown.

use addrconf_abi::{Command as Call, Name, SourceChoice, Terms};
use rustix::io::Errno;

use super::refusals::refused;
use super::{addrctl, nginx};
use crate::testing::Fake;

#[test]
fn without_options_the_association_is_like_it_was_before_there_were_any() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1").unwrap();
    let state = fake.state();
    let association = &state.associations[&1];
    let loopback = association.terms.loopback;
    let plain = Terms {
        loopback,
        ..Terms::default()
    };
    assert_eq!(association.terms, plain);
    assert_eq!(association.pids, [812]);
}

#[test]
fn every_option_of_assign_and_run_arrives() {
    let options = "--exclusive --source random --loopback 127.73.2.1 --name a --allow raw";
    for line in [
        format!("assign 812 10.0.0.1 {options}"),
        format!("run --addr 10.0.0.1 {options} true"),
    ] {
        let fake = nginx();
        // `run` fails after that, because the made-up kernel has no programs.
        let _ = addrctl(&fake, &line);
        let state = fake.state();
        let association = &state.associations[&1];
        let mut terms = Terms::DEFAULT;
        terms.name = Name::new("a").unwrap();
        terms.exclusive = true;
        terms.allow_raw = true;
        terms.source = SourceChoice::Random;
        terms.loopback = Some([127, 73, 2, 1].into());
        assert_eq!(association.terms, terms);
    }
    for (name, source) in [
        ("route", SourceChoice::Route),
        ("primary", SourceChoice::Primary),
    ] {
        let fake = nginx();
        addrctl(&fake, &format!("assign 812 10.0.0.1 --source {name}")).unwrap();
        assert_eq!(fake.state().associations[&1].terms.source, source);
    }
}

/// Process 812 with a child and a grandchild.
fn family() -> Fake {
    let fake = Fake::with_processes(&[(812, "make"), (813, "cc"), (814, "as")]);
    let children = [(812, vec![813]), (813, vec![814])];
    fake.state().children = children.into_iter().collect();
    fake
}

#[test]
fn with_tree_the_descendants_are_associated_as_well() {
    let fake = family();
    addrctl(&fake, "assign 812 10.0.0.1 --tree --reset").unwrap();
    assert_eq!(fake.state().associations[&1].pids, [812, 814, 813]);

    let fake = family();
    addrctl(&fake, "assign 814 10.0.0.1").unwrap();
    refused(
        &fake,
        "assign 812 10.0.0.2 --tree",
        1,
        "the process or one of its descendants is already associated",
    );
}

#[test]
fn show_and_list_tell_how_an_association_behaves() {
    let fake = nginx();
    addrctl(
        &fake,
        "assign 812 10.0.0.1 --exclusive --source primary --loopback 127.64.0.9 --allow raw",
    )
    .unwrap();
    let shown = addrctl(&fake, "show 812").unwrap();
    for line in [
        "exclusive    yes",
        "source       primary",
        "loopback     127.64.0.9",
        "allows       raw",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert!(addrctl(&fake, "list")
        .unwrap()
        .contains("yes        primary  127.64.0.9"));
    let json = addrctl(&fake, "list --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let association = &json["associations"][0];
    assert_eq!(association["exclusive"], true);
    assert_eq!(association["source"], "primary");
    assert_eq!(association["loopback"], "127.64.0.9");
    assert_eq!(association["allow"], serde_json::json!(["raw"]));
    assert_eq!(association["socket_count"], 0);
}

#[test]
fn a_loopback_address_in_use_is_told_in_words() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1 --loopback 127.64.0.9").unwrap();
    refused(
        &fake,
        "assign 813 10.0.0.2 --loopback 127.64.0.9",
        1,
        "association 1 has the loopback address 127.64.0.9; `addrctl show --association 1`",
    );
    fake.state().failing = Some((Call::Assign, Errno::ADDRINUSE));
    refused(
        &fake,
        "assign 813 10.0.0.2 --loopback 127.64.0.8",
        1,
        "no association has the loopback address 127.64.0.8, but the host uses it; \
         `ss -tuwap src 127.64.0.8` shows",
    );
    refused(
        &fake,
        "assign 813 10.0.0.1",
        1,
        "every dedicated loopback address is taken, by associations and by sockets of the host",
    );
}
