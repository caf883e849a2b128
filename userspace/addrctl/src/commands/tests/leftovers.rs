// SPDX-License-Identifier: GPL-2.0

//! How `show` and `list` report connections on addresses that left a set.

use serde_json::{json, Value};

use super::{addrctl, nginx};
use crate::address;
use crate::testing::{Fake, OWN_PID};

/// Process 812 after it lost two of three addresses, with connections on each.
fn moved() -> Fake {
    let fake = nginx();
    addrctl(
        &fake,
        "assign 812 10.0.0.1,10.0.0.2,2001:db8::1 --name web-2",
    )
    .unwrap();
    let connections = ["10.0.0.1", "10.0.0.2", "10.0.0.1", "2001:db8::1"];
    let connections = connections.map(|a| address::entry(a).unwrap());
    let mut state = fake.state();
    state.associations.get_mut(&1).unwrap().connections = connections.to_vec();
    drop(state);
    addrctl(&fake, "remove 812 10.0.0.1,2001:db8::1").unwrap();
    fake
}

fn json(fake: &Fake, line: &str) -> Value {
    serde_json::from_str(&addrctl(fake, line).unwrap()).unwrap()
}

#[test]
fn list_notes_who_still_holds_what() {
    let fake = moved();
    addrctl(&fake, "assign 813 10.0.0.7").unwrap();
    let listed = addrctl(&fake, "list").unwrap();
    let notes: Vec<_> = listed.lines().skip(3).collect();
    assert_eq!(
        notes,
        [
            "note: association 1 (web-2) still has 2 connections on 10.0.0.1, which left its set; \
             `addrctl replace --reset` ends them",
            "note: association 1 (web-2) still has 1 connection on 2001:db8::1, which left its \
             set; `addrctl replace --reset` ends them",
        ]
    );
}

#[test]
fn show_tells_what_is_held() {
    let fake = moved();
    let shown = addrctl(&fake, "show 812").unwrap();
    let expected = "\
sockets      4
leftovers    10.0.0.1 (2 connections)
             2001:db8::1 (1 connection)
";
    assert!(shown.ends_with(expected), "{shown}");
}

#[test]
fn json_has_them_also_when_there_are_none() {
    let fake = moved();
    addrctl(&fake, "assign 813 10.0.0.7").unwrap();
    let leftovers = json!([
        { "address": "10.0.0.1", "connection_count": 2 },
        { "address": "2001:db8::1", "connection_count": 1 },
    ]);
    let list = json(&fake, "list --json");
    let show = json(&fake, "show 812 --json");
    for association in [&list["associations"][0], &show["association"]] {
        assert_eq!(association["leftovers"], leftovers);
    }
    assert_eq!(list["associations"][1]["leftovers"], json!([]));
}

#[test]
fn more_leftovers_than_one_answer_holds_are_all_shown() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1").unwrap();
    let foreign = (0..3000).map(|i| format!("10.9.{}.{}", i / 256, i % 256));
    let foreign = foreign.map(|a| address::entry(&a).unwrap()).collect();
    fake.state().associations.get_mut(&1).unwrap().connections = foreign;
    let show = json(&fake, "show 812 --json");
    let leftovers = show["association"]["leftovers"].as_array().unwrap();
    assert_eq!(leftovers.len(), 3000);
    assert_eq!(leftovers[2999]["address"], "10.9.11.183");
}

#[test]
fn a_change_with_reset_or_a_new_owner_ends_them() {
    let fake = moved();
    let printed = addrctl(&fake, "replace 812 10.0.0.2 --reset").unwrap();
    assert_eq!(printed, "3 connections reset\n");
    assert!(!addrctl(&fake, "list").unwrap().contains("note:"));

    let fake = moved();
    addrctl(&fake, "assign 813 10.0.0.1").unwrap();
    let listed = addrctl(&fake, "list").unwrap();
    assert!(!listed.contains("on 10.0.0.1,"), "{listed}");
    assert!(listed.contains("on 2001:db8::1,"), "{listed}");
}

#[test]
fn a_part_has_no_loopback_address() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1,10.0.0.2").unwrap();
    let mut state = fake.state();
    state.associations.get_mut(&1).unwrap().pids.push(OWN_PID);
    drop(state);
    addrctl(&fake, "run --addr 10.0.0.2 -- true").unwrap_err();
    // Seen from outside.
    let mut state = fake.state();
    state.associations.get_mut(&2).unwrap().pids = vec![813];
    drop(state);
    let shown = addrctl(&fake, "show 813").unwrap();
    assert!(shown.contains("loopback     -\n"), "{shown}");
    assert!(json(&fake, "show 813 --json")["association"]["loopback"].is_null());
}
