// SPDX-License-Identifier: GPL-2.0

//! What `apply` and `lint` tell programs: changes, and faults with their places.

use addrconf_abi::Command as Call;
use rustix::io::Errno;
use serde_json::{json, Value};

use super::policies::{policies, write, SHOP};
use super::{addrctl, run};
use crate::testing::Fake;

/// The answer for programs of a command that succeeds.
fn answer(fake: &Fake, line: &str) -> Value {
    serde_json::from_str(&addrctl(fake, line).unwrap()).unwrap()
}

#[test]
fn programs_are_told_each_change_and_what_would_change() {
    let fake = policies();
    addrctl(&fake, "define old 10.0.0.9").unwrap();
    addrctl(&fake, "grant 1000 10.0.0.8").unwrap();
    write(
        &fake,
        "grants",
        "[[grant]]\nuser = 7\naddresses = [\"10.0.0.7\"]\n",
    );
    let mut changes = json!([
        {"change": "define", "id": null, "name": "blog", "addresses": ["10.0.0.2"]},
        {
            "change": "define", "id": null, "name": "shop",
            "addresses": ["10.0.0.1", "2001:db8::1"],
        },
        {"change": "undefine", "id": 1, "name": "old"},
        {"change": "grant", "uid": 7, "addresses": ["10.0.0.7"]},
        {"change": "revoke", "uid": 1000},
        {"change": "set-rules", "rule_count": 1},
    ]);
    assert_eq!(
        answer(&fake, "apply --dry-run --prune --json"),
        json!({"version": 1, "dry_run": true, "changes": changes, "faults": []})
    );
    changes[0]["id"] = json!(2);
    changes[1]["id"] = json!(3);
    assert_eq!(
        answer(&fake, "apply --prune --json"),
        json!({"version": 1, "dry_run": false, "changes": changes, "faults": []})
    );
    write(&fake, "blog", "addresses = [\"10.0.0.3\"]\n");
    write(&fake, "shop", "addresses = [\"10.0.0.1\"]\n");
    let changes = json!([
        {
            "change": "replace", "id": 2, "name": "blog",
            "before": ["10.0.0.2"], "addresses": ["10.0.0.3"],
        },
        {"change": "redefine", "id": 4, "before_id": 3, "name": "shop", "addresses": ["10.0.0.1"]},
    ]);
    assert_eq!(answer(&fake, "apply --json")["changes"], changes);
    assert_eq!(answer(&fake, "apply --json")["changes"], json!([]));
}

#[test]
fn programs_are_told_what_was_done_before_a_call_failed() {
    let fake = policies();
    fake.state().failing = Some((Call::SetRules, Errno::NOMEM));
    let (result, printed) = run(&fake, "apply --json");
    let error = result.unwrap_err().to_string();
    assert!(error.contains("no memory"), "{error}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["changes"].as_array().unwrap().len(), 2);
    assert_eq!(printed["changes"][1]["name"], "shop");
    assert_eq!(printed["faults"], json!([]));
    // What nothing can be said about is an error alone.
    fake.state().no_device = Some(Errno::NOENT);
    assert_eq!(run(&fake, "apply --json").1, "");
}

#[test]
fn programs_are_told_each_fault_with_its_place_and_what_is_expected() {
    let fake = policies();
    write(
        &fake,
        "blog",
        "addresses = [\n  \"10.0.0.x\",\n]\nsource = \"best\"\n",
    );
    write(&fake, "shop", "exclusiv = true\n");
    let address = "an IPv4 or IPv6 address or prefix, such as 10.0.0.1, 10.0.0.0/24 or 2001:db8::1";
    for line in ["lint --json", "apply --json", "apply --dry-run --json"] {
        let (result, printed) = run(&fake, line);
        let error = result.unwrap_err();
        assert_eq!(error.exit_code(), 1);
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let faults = printed["faults"].as_array().unwrap();
        let places: Vec<_> = faults
            .iter()
            .map(|fault| {
                json!([
                    fault["file"],
                    fault["line"],
                    fault["column"],
                    fault["expected"]
                ])
            })
            .collect();
        let (blog, shop) = ("/etc/addrconf/blog.toml", "/etc/addrconf/shop.toml");
        assert_eq!(places[0], json!([blog, 2, 3, address]));
        let sources = "one of: route, primary, random";
        assert_eq!(places[1], json!([blog, 4, 10, sources]));
        assert_eq!(
            places[2].as_array().unwrap()[..3],
            json!([shop, 1, 1]).as_array().unwrap()[..]
        );
        let keys = faults[2]["expected"].as_str().unwrap();
        assert!(keys.starts_with("one of `name`, `addresses`"), "{keys}");
        assert_eq!(faults.len(), 3);
        // The message for people has them all as well.
        for fault in faults {
            let message = fault["message"].as_str().unwrap();
            assert!(error.to_string().contains(message), "{error}");
        }
    }
    let fake = policies();
    fake.state().module = None;
    assert_eq!(
        answer(&fake, "lint --json"),
        json!({
            "version": 1,
            "policy": {"tenant_count": 2, "rule_count": 1, "grant_count": 0},
            "faults": [],
        })
    );
}

#[test]
fn what_the_machine_does_not_know_is_a_fault_at_its_place() {
    let fault = |fake: &Fake| {
        let (result, printed) = run(fake, "apply --json");
        result.unwrap_err();
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(printed["changes"], json!([]));
        printed["faults"][0].clone()
    };
    let fake = policies();
    write(
        &fake,
        "shop",
        &SHOP.replace("uid = 33", "exe = \"/no/such/program\""),
    );
    let at = |line, message| {
        json!({
            "file": "/etc/addrconf/shop.toml", "line": line, "column": 1,
            "message": message, "expected": null,
        })
    };
    assert_eq!(fault(&fake), at(4, "there is no file /no/such/program"));
    let grant = "[[grant]]\nuser = \"nobody-here\"\naddresses = [\"10.0.0.7\"]\n";
    write(&fake, "shop", grant);
    assert_eq!(fault(&fake), at(1, "there is no user nobody-here"));
    write(&fake, "shop", SHOP);
    addrctl(&fake, "assign 812 10.0.0.5 --name shop").unwrap();
    let taken = "association 1 has the name shop, and is not a defined one";
    assert_eq!(fault(&fake), at(1, taken));
    assert_eq!(fake.state().associations.len(), 1);
}
