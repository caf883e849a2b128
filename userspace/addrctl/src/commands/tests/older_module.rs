// SPDX-License-Identifier: GPL-2.0

//! addrctl with modules of older versions, or whose device is hidden.

use addrconf_abi::Command as Call;
use rustix::io::Errno;

use super::refusals::refused;
use super::{addrctl, nginx};
use crate::address;
use crate::testing::Fake;

fn older(abi: u32) -> Fake {
    let fake = nginx();
    fake.state().module = Some(abi);
    fake
}

#[test]
fn what_the_module_knows_works_as_before() {
    let fake = older(1);
    let printed = addrctl(&fake, "assign 812 10.0.0.1 --name a").unwrap();
    assert_eq!(printed, "1\n");
    let shown = addrctl(&fake, "show 812").unwrap();
    for line in ["exclusive    -\n", "source       -\n", "sockets      -\n"] {
        assert!(shown.contains(line), "{shown}");
    }
    let json = addrctl(&fake, "show 812 --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let fields = [
        "exclusive",
        "source",
        "loopback",
        "allow",
        "socket_count",
        "leftovers",
    ];
    for field in fields {
        assert!(json["association"][field].is_null(), "{field}");
    }
    let version = addrctl(&fake, "version").unwrap();
    assert!(version.contains("module: ABI 1"), "{version}");
    addrctl(&fake, "release 812").unwrap();
}

#[test]
fn what_it_does_not_know_is_refused_with_both_versions() {
    let words = "the module is older than this addrctl and cannot do this: it has ABI 1, addrctl \
                 has ABI 10; install the matching pair";
    let lines = [
        "assign 812 10.0.0.1 --exclusive",
        "assign 812 10.0.0.1 --tree",
        "assign 812 10.0.0.1 --reset",
        "assign 812 10.0.0.1 --source primary",
        "assign 812 10.0.0.1 --loopback 127.64.0.9",
        "assign 812 10.0.0.1 --allow raw",
        "add 812 10.0.0.1",
        "remove 812 10.0.0.1",
        "replace --association 1 10.0.0.1",
        "flush",
    ];
    for line in lines {
        let fake = older(1);
        refused(&fake, line, 1, words);
        assert!(fake.state().associations.is_empty());
    }
}

#[test]
fn a_module_of_version_2_lacks_flush_and_what_can_be_allowed() {
    let words = "the module is older than this addrctl and cannot do this: it has ABI 2";
    for line in ["flush", "assign 813 10.0.0.1 --exclusive --allow raw"] {
        refused(&older(2), line, 1, words);
    }
    let fake = older(2);
    addrctl(&fake, "assign 812 10.0.0.1 --exclusive").unwrap();
    let json = addrctl(&fake, "list --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["associations"][0]["exclusive"], true);
    assert!(json["associations"][0]["allow"].is_null());
}

#[test]
fn a_module_of_version_3_says_nothing_of_leftovers_and_is_not_asked() {
    let fake = older(3);
    addrctl(&fake, "assign 812 10.0.0.1,10.0.0.2 --allow raw").unwrap();
    let connection = address::entry("10.0.0.2").unwrap();
    let mut state = fake.state();
    state.associations.get_mut(&1).unwrap().connections = vec![connection];
    drop(state);
    addrctl(&fake, "remove 812 10.0.0.2").unwrap();
    let shown = addrctl(&fake, "show 812").unwrap();
    assert!(shown.ends_with("sockets      1\n"), "{shown}");
    assert!(!addrctl(&fake, "list").unwrap().contains("note:"));
    let json = addrctl(&fake, "list --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["associations"][0]["allow"], serde_json::json!(["raw"]));
    assert!(json["associations"][0]["leftovers"].is_null());
}

#[test]
fn a_module_of_version_6_has_no_rules() {
    let words = "the module is older than this addrctl and cannot do this: it has ABI 6, addrctl \
                 has ABI 10; install the matching pair";
    for line in [
        "rule add --uid 33 --to shop",
        "rule list",
        "rule remove 1",
        "rule remove --all",
    ] {
        let fake = older(6);
        addrctl(&fake, "define shop 10.0.0.1").unwrap();
        refused(&fake, line, 1, words);
    }
}

#[test]
fn what_an_older_module_knows_as_well_is_not_put_down_to_its_age() {
    let cases = [
        (
            "assign 812 10.0.0.1 --allow raw",
            Call::Assign,
            Errno::INVAL,
        ),
        ("flush --force", Call::Release, Errno::INVAL),
        ("add 812 10.0.0.1", Call::Update, Errno::TOOBIG),
    ];
    for (line, call, errno) in cases {
        let fake = older(3);
        fake.state().failing = Some((call, errno));
        let error = addrctl(&fake, line).unwrap_err().to_string();
        assert!(!error.contains("cannot do this"), "{error}");
    }
}

#[test]
fn a_module_whose_device_is_hidden_is_not_taken_for_missing() {
    let fake = nginx();
    fake.state().no_device = Some(Errno::NOENT);
    fake.state().hidden_device = true;
    let words = "the addrconf module is loaded, but there is no /dev/addrconf here; in a unit of \
                 systemd, PrivateDevices=yes hides it";
    refused(&fake, "list", 1, words);
    let version = addrctl(&fake, "version").unwrap();
    assert!(
        version.ends_with("module: loaded, but its device is not here\n"),
        "{version}"
    );
}
