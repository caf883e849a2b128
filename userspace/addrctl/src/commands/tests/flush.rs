// SPDX-License-Identifier: GPL-2.0

//! Ending every association.

use std::time::Duration;

use addrconf_abi::Command as Call;
use rustix::io::Errno;
use serde_json::{json, Value};

use super::refusals::refused;
use super::{addrctl, nginx, run};
use crate::testing::{Fake, FakeAssociation};

/// A kernel with associations 1 to 3, of which 2 has a socket for so many calls.
fn three(calls: u32) -> Fake {
    let fake = nginx();
    fake.state().last_id = 3;
    for id in 1..=3 {
        let association = FakeAssociation {
            pids: vec![812, 813],
            lingering: if id == 2 { calls } else { 0 },
            ..FakeAssociation::default()
        };
        fake.state().associations.insert(id, association);
    }
    fake
}

#[test]
fn flush_ends_all_associations_and_says_how_many() {
    let fake = three(0);
    let printed = addrctl(&fake, "flush").unwrap();
    assert_eq!(printed, "3 associations ended, 6 tasks released\n");
    assert!(fake.state().associations.is_empty());
    assert_eq!(fake.state().slept, Duration::ZERO);
}

#[test]
fn flush_of_nothing_succeeds() {
    let printed = addrctl(&nginx(), "flush").unwrap();
    assert_eq!(printed, "0 associations ended, 0 tasks released\n");
}

#[test]
fn flush_waits_for_what_takes_a_moment() {
    let fake = three(5);
    addrctl(&fake, "flush").unwrap();
    assert!(fake.state().associations.is_empty());
    assert_eq!(fake.state().slept, Duration::from_millis(80));
}

#[test]
fn what_is_left_is_shown_and_has_an_exit_code_of_its_own() {
    let fake = three(u32::MAX);
    let (result, printed) = run(&fake, "flush --force");
    let error = result.unwrap_err();
    assert_eq!(error.exit_code(), 6);
    let words = "1 association is left, which still has sockets";
    assert!(error.to_string().contains(words), "{error}");
    let mut lines = printed.lines();
    let first = lines.next();
    assert_eq!(first, Some("2 associations ended, 6 tasks released; left:"));
    assert!(lines.next().unwrap().starts_with("ID"));
    assert!(lines.next().unwrap().starts_with(" 2"));
    assert!(lines.next().is_none());
    let slept = fake.state().slept;
    assert!(slept > Duration::from_millis(1900) && slept <= Duration::from_secs(2));
    assert_eq!(fake.state().open_devices, 0);
}

#[test]
fn the_json_of_flush_is_stable() {
    let fake = three(u32::MAX);
    let (result, printed) = run(&fake, "flush --force --json");
    assert_eq!(result.unwrap_err().exit_code(), 6);
    let mut printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["left"][0]["id"], 2);
    printed["left"] = json!([]);
    let expected = json!({
        "version": 1, "found_count": 3, "ended_count": 2, "task_count": 6, "rule_count": 0, "left": [],
    });
    assert_eq!(printed, expected);
}

#[test]
fn flush_that_is_refused_says_why() {
    let fake = three(0);
    fake.state().failing = Some((Call::Release, Errno::PERM));
    fake.state().net_admin = Some(false);
    let words = "cannot release every association: this needs CAP_NET_ADMIN";
    refused(&fake, "flush", 4, words);
    let fake = three(0);
    fake.state().module = Some(2);
    refused(&fake, "flush", 1, "has ABI 2, addrctl has ABI 10");
    assert_eq!(fake.state().associations.len(), 3);
}

/// How many processes are associated.
fn members(fake: &Fake) -> usize {
    fake.state()
        .associations
        .values()
        .map(|a| a.pids.len())
        .sum()
}

#[test]
fn with_a_socket_open_flush_releases_nothing() {
    let fake = three(u32::MAX);
    let (result, printed) = run(&fake, "flush");
    let error = result.unwrap_err();
    assert_eq!(error.exit_code(), 6);
    let words = "cannot end every association: 1 of 3 associations have sockets, so nothing is \
                 changed";
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.to_string().contains("--force"), "{error}");
    let mut lines = printed.lines();
    let first = lines.next();
    assert_eq!(first, Some("0 associations ended, 0 tasks released; left:"));
    assert!(lines.nth(1).unwrap().starts_with(" 2"));
    assert!(lines.next().is_none());
    assert_eq!(members(&fake), 6);
    let slept = fake.state().slept;
    assert!(slept > Duration::from_millis(1900) && slept <= Duration::from_secs(2));
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let fake = three(0);
    let printed = addrctl(&fake, "flush --dry-run").unwrap();
    assert_eq!(
        printed,
        "3 associations would end, 6 tasks would be released\n"
    );
    assert_eq!(members(&fake), 6);

    let fake = three(u32::MAX);
    let (result, printed) = run(&fake, "flush --dry-run");
    assert_eq!(result.unwrap_err().exit_code(), 6);
    let words = "nothing would change: of 3 associations, with 6 tasks, these have sockets:\n";
    assert!(printed.starts_with(words), "{printed}");
    let (_, printed) = run(&fake, "flush --dry-run --json");
    let mut printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["used"][0]["id"], 2);
    printed["used"] = json!([]);
    let expected = json!({
        "version": 1, "found_count": 3, "task_count": 6, "rule_count": 0, "used": [],
    });
    assert_eq!(printed, expected);
    assert_eq!(members(&fake), 6);
    assert_eq!(fake.state().slept, Duration::ZERO);
}

#[test]
fn an_older_module_can_only_release_everything_by_force() {
    let fake = three(0);
    fake.state().module = Some(5);
    refused(
        &fake,
        "flush",
        1,
        "or use --force, which this module can do",
    );
    assert_eq!(members(&fake), 6);
    addrctl(&fake, "flush --force").unwrap();
    assert!(fake.state().associations.is_empty());
}

#[test]
fn rules_are_counted_and_go_with_the_associations() {
    let fake = three(0);
    for line in [
        "define shop 10.0.0.1",
        "rule add --uid 33 --to shop",
        "rule add --gid 33 --to shop",
    ] {
        addrctl(&fake, line).unwrap();
    }
    let printed = addrctl(&fake, "flush --dry-run").unwrap();
    let words = "4 associations would end, 6 tasks would be released, 2 rules would be removed\n";
    assert_eq!(printed, words);
    let json = addrctl(&fake, "flush --dry-run --json").unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rule_count"], 2);
    assert_eq!(fake.state().rules.len(), 2);
    let printed = addrctl(&fake, "flush").unwrap();
    let words = "4 associations ended, 6 tasks released, 2 rules removed\n";
    assert_eq!(printed, words);
    assert!(fake.state().rules.is_empty());
}

#[test]
fn with_a_socket_open_flush_removes_no_rule() {
    let fake = three(u32::MAX);
    addrctl(&fake, "define shop 10.0.0.1").unwrap();
    addrctl(&fake, "rule add --uid 33 --to shop").unwrap();
    let (result, printed) = run(&fake, "flush --json");
    assert_eq!(result.unwrap_err().exit_code(), 6);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["rule_count"], 0);
    assert_eq!(fake.state().rules.len(), 1);
}

#[test]
fn of_a_module_without_rules_flush_counts_none() {
    let fake = three(0);
    fake.state().module = Some(6);
    let printed = addrctl(&fake, "flush --json").unwrap();
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert!(printed["rule_count"].is_null());
}
