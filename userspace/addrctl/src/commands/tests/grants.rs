// SPDX-License-Identifier: GPL-2.0

//! Grants: giving and listing them, taking them back, and what users do within them.

use addrconf_abi::Command as Call;
use rustix::io::Errno;
use serde_json::json;

use super::refusals::refused;
use super::{addrctl, nginx, run, set};
use crate::testing::{Fake, OWN_PID};

/// A machine on which addrctl runs as user 33 (www-data), who may trace process 812, and was
/// granted addresses.
fn as_user() -> Fake {
    let fake = nginx();
    addrctl(&fake, "grant www-data 10.0.0.1,10.1.0.0/24").unwrap();
    let mut state = fake.state();
    state.net_admin = Some(false);
    state.own_uid = 33;
    state.own = vec![812];
    drop(state);
    fake
}

#[test]
fn a_grant_is_of_a_user_by_name_or_number_and_opens_the_device() {
    let fake = nginx();
    assert_eq!(addrctl(&fake, "grant www-data 10.0.0.1").unwrap(), "");
    assert!(fake.state().shared_device);
    addrctl(&fake, "grant 1000 10.0.0.2,2001:db8::/64").unwrap();
    let listed = addrctl(&fake, "grants").unwrap();
    assert_eq!(
        listed,
        "USER      ADDRESSES               ASSOCIATIONS\n\
         www-data  10.0.0.1                           0\n\
         1000      10.0.0.2,2001:db8::/64             0\n"
    );
    addrctl(&fake, "grant 33 10.0.0.7").unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&addrctl(&fake, "grants --json").unwrap()).unwrap();
    let expected = json!({
        "version": 1,
        "grants": [
            { "uid": 33, "user": "www-data", "addresses": ["10.0.0.7"], "association_count": 0 },
            {
                "uid": 1000, "user": null, "addresses": ["10.0.0.2", "2001:db8::/64"],
                "association_count": 0,
            },
        ],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_long_grant_is_listed_whole() {
    let fake = nginx();
    let all: Vec<_> = (0..1000)
        .map(|i| format!("10.0.{}.{}", i / 250, i % 250))
        .collect();
    addrctl(&fake, &format!("grant 1000 {}", all.join(","))).unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&addrctl(&fake, "grants --json").unwrap()).unwrap();
    assert_eq!(json["grants"][0]["addresses"], json!(all));
    let listed = addrctl(&fake, "grants").unwrap();
    assert!(listed.contains("10.0.0.3 and 996 more"), "{listed}");
}

#[test]
fn the_device_is_closed_with_the_last_grant() {
    let fake = nginx();
    addrctl(&fake, "grant www-data 10.0.0.1").unwrap();
    addrctl(&fake, "grant 1000 10.0.0.1").unwrap();
    addrctl(&fake, "revoke www-data").unwrap();
    assert!(fake.state().shared_device);
    addrctl(&fake, "revoke 1000").unwrap();
    assert!(!fake.state().shared_device);
    let words = "cannot take back the grant of user 1000: the user has no grant; `addrctl grants`";
    refused(&fake, "revoke 1000", 5, words);
    refused(&fake, "revoke root", 5, "the user has no grant");
}

#[test]
fn a_device_whose_mode_cannot_be_changed_is_noted() {
    let fake = nginx();
    fake.state().no_sharing = Some(Errno::ROFS);
    addrctl(&fake, "grant 1000 10.0.0.1").unwrap();
    addrctl(&fake, "revoke 1000").unwrap();
    let notes = fake.state().notes.clone();
    assert!(notes[0].contains("let the user open it"), "{notes:?}");
    assert!(notes[1].contains("can still open it"), "{notes:?}");
}

#[test]
fn what_is_no_grant_is_refused() {
    let fake = nginx();
    refused(&fake, "grant root 10.0.0.1", 1, "root can have no grant");
    refused(&fake, "grant carol 10.0.0.1", 1, "there is no user carol");
    fake.state().failing = Some((Call::Grant, Errno::NOSPC));
    refused(&fake, "grant 1000 10.0.0.1", 1, "256 users have a grant");
    fake.state().failing = None;
    fake.state().module = Some(7);
    for line in ["grant 1000 10.0.0.1", "revoke 1000", "grants"] {
        refused(&fake, line, 1, "it has ABI 7, addrctl has ABI 10");
    }
    assert!(fake.state().grants.is_empty());
}

#[test]
fn a_user_associates_addrctl_itself_and_what_it_may_trace() {
    let fake = as_user();
    let (_, _) = run(&fake, "run --addr 10.1.0.7 -- nginx");
    assert_eq!(fake.state().associations[&1].pids, [OWN_PID]);
    fake.state().associations.clear();
    assert_eq!(addrctl(&fake, "assign 812 10.0.0.1").unwrap(), "2\n");
    assert_eq!(set(&fake, 2), "10.0.0.1");
    assert_eq!(fake.state().associations[&2].granted_to, Some(33));
    let listed = addrctl(&fake, "grants").unwrap();
    assert!(listed.ends_with("1\n"), "{listed}");
    fake.state().net_admin = Some(true);
    let shown = addrctl(&fake, "show 812").unwrap();
    assert!(shown.contains("granted to   user 33\n"), "{shown}");
}

#[test]
fn a_user_is_told_what_is_beyond_its_grant() {
    let fake = as_user();
    for (line, words) in [
        (
            "assign 812 10.0.0.1,10.0.0.2",
            "10.0.0.2 is outside your grant; you were granted 10.0.0.1,10.1.0.0/24",
        ),
        ("assign 813 10.0.0.1", "process 813 is none of them"),
        ("assign 812 10.0.0.1 --tree", "--tree needs CAP_NET_ADMIN"),
        (
            "assign 812 10.0.0.1 --exclusive --force",
            "all options but --source, --on-refusal and --reset",
        ),
        ("assign 812 10.0.0.1 --name shop", "leave them out"),
    ] {
        refused(&fake, line, 4, words);
    }
    assert!(fake.state().associations.is_empty());
    // One that has no grant needs the capability.
    fake.state().own_uid = 34;
    refused(&fake, "assign 812 10.0.0.1", 4, "this needs CAP_NET_ADMIN");
    refused(&fake, "grants", 4, "this needs CAP_NET_ADMIN");
    fake.state().own_uid = 33;
    fake.state().failing = Some((Call::Assign, Errno::NOSPC));
    let words = "you have as many associations as a user may have";
    refused(&fake, "assign 812 10.0.0.1", 1, words);
}

#[test]
fn an_administrator_shows_no_memory() {
    let fake = as_user();
    fake.state().net_admin = Some(true);
    addrctl(&fake, "assign 813 10.0.0.9").unwrap();
    assert_eq!(fake.state().associations[&1].granted_to, None);
}
