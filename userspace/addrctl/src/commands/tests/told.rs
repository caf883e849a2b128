// SPDX-License-Identifier: GPL-2.0

//! Programs are told what people are.

use serde_json::{json, Value};

use super::addrctl;
use super::answers::machine;

#[test]
fn programs_are_told_what_people_are() {
    let told = |line: &str| -> Value {
        let printed = addrctl(&machine(), &format!("{line} --json")).unwrap();
        serde_json::from_str(&printed).unwrap()
    };
    for (line, text, expected) in [
        ("define new 10.0.0.7", "4\n", json!({"version": 1, "id": 4})),
        ("move 812 --to mail", "2\n", json!({"version": 1, "id": 2})),
        (
            "rule add --gid 7 --to mail",
            "2\n",
            json!({"version": 1, "id": 2}),
        ),
        (
            "assign 813 10.0.0.7",
            "4\n",
            json!({"version": 1, "id": 4, "joined_count": null}),
        ),
        (
            "assign --cgroup /shop.slice --to shop",
            "1 process joined\n",
            json!({"version": 1, "id": 1, "joined_count": 1}),
        ),
        (
            "undefine web",
            "",
            json!({"version": 1, "id": 3, "task_count": 0}),
        ),
        (
            "replace shop 10.0.0.1 --reset",
            "1 connection reset\n",
            json!({"version": 1, "reset_count": 1}),
        ),
        (
            "add shop 10.0.0.7",
            "",
            json!({"version": 1, "reset_count": 0}),
        ),
    ] {
        assert_eq!(addrctl(&machine(), line).unwrap(), text, "{line}");
        assert_eq!(told(line), expected, "{line}");
    }
    let versions = told("version");
    assert_eq!(versions["addrctl"]["release"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        versions["module"],
        json!({"state": "ready", "abi": 10, "max_addresses": 1024})
    );
    let metrics = told("metrics");
    assert_eq!(metrics["association_count"], 3);
    let shop = &metrics["associations"][0];
    assert_eq!(shop["name"], "shop");
    assert_eq!(
        (&shop["process_count"], &shop["socket_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(shop["refused"]["bind"], 1);
    assert_eq!(
        told("export mail")["policy"],
        json!({
            "name": "mail", "addresses": ["10.0.1.1"], "exclusive": true, "source": "random",
            "loopback": "127.64.0.77", "host-loopback": "127.0.0.53", "on-refusal": "signal",
            "allow": ["raw"],
            "rule": [{
                "exe": "/usr/bin/php-fpm", "uid": "www-data", "gid": "www-data",
                "cgroup": "/shop.slice",
            }],
        })
    );
    let policy = include_str!("../../../../../docs/policy.schema.json");
    let policy = serde_json::from_str(policy).unwrap();
    for line in ["export mail", "export"] {
        assert!(
            jsonschema::is_valid(&policy, &told(line)["policy"]),
            "{line}"
        );
    }
}
