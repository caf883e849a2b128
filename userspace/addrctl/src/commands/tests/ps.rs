// SPDX-License-Identifier: GPL-2.0

//! `ps`: processes as a tree.

use serde_json::{json, Value};

use super::addrctl;
use crate::system::Credentials;
use crate::testing::Fake;

/// Two associations; "shop" has a tree of processes.
fn machine() -> Fake {
    let fake = Fake::with_processes(&[
        (811, "cron"),
        (812, "nginx"),
        (813, "nginx"),
        (814, "a\u{1b}b"),
        (820, "redis"),
    ]);
    addrctl(&fake, "define shop 10.0.0.1").unwrap();
    addrctl(&fake, "assign 820 10.0.0.2").unwrap();
    for pid in [814, 812, 813] {
        addrctl(&fake, &format!("assign {pid} --to shop")).unwrap();
    }
    // The parent of 812 is no member.
    fake.state().children = [(811, vec![812]), (812, vec![814]), (814, vec![813])].into();
    let user = Credentials {
        uid: 33,
        ..Credentials::default()
    };
    fake.state().credentials.insert(812, user);
    fake.state().group("/system.slice/nginx.service", &[812]);
    fake
}

#[test]
fn a_process_is_below_its_parent() {
    let tree = "\
ID  NAME  PID  USER      UNIT           COMMAND
 1  shop  812  www-data  nginx.service  nginx
 1  shop  814  -         -                a\\u{1b}b
 1  shop  813  -         -                  nginx
";
    let fake = machine();
    assert_eq!(addrctl(&fake, "ps shop").unwrap(), tree);
    assert_eq!(addrctl(&fake, "ps 1").unwrap(), tree);
    let all = addrctl(&fake, "ps").unwrap();
    assert!(
        all.contains(" 2        820  -         -              redis\n"),
        "{all}"
    );
}

#[test]
fn programs_read_the_parent() {
    let answer = addrctl(&machine(), "ps shop --json").unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let first = json!({
        "association": 1, "name": "shop", "pid": 812, "parent": null, "uid": 33,
        "unit": "nginx.service", "command": "nginx",
    });
    assert_eq!(answer["processes"][0], first);
    assert_eq!(answer["processes"][2]["parent"], 814);
}

#[test]
fn an_association_that_is_not_there_is_named() {
    let error = addrctl(&machine(), "ps blog").unwrap_err();
    assert_eq!(error.exit_code(), 5);
    let says = "cannot show the processes of association blog: no association has the name blog";
    assert!(error.to_string().starts_with(says), "{error}");
}
