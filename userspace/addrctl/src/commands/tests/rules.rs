// SPDX-License-Identifier: GPL-2.0

//! Rules: adding, listing and removing them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use addrconf_abi::{RuleEntry, UserText};

use super::{addrctl, nginx, run};
use crate::testing::{Fake, FakeCgroup, FakeFile, FakeRule, FakeUnit};

/// A machine with programs, control groups and units, and the associations 1 (shop) and 2
/// (blog), which are defined.
pub(super) fn machine() -> Fake {
    let fake = nginx();
    addrctl(&fake, "define shop 10.0.0.1").unwrap();
    addrctl(&fake, "define blog 10.0.0.2").unwrap();
    let group = |pids: &[i32]| FakeCgroup {
        pids: pids.to_vec(),
        ..FakeCgroup::default()
    };
    let mut state = fake.state();
    state.cgroups = BTreeMap::from([
        ("/".into(), group(&[])),
        ("/shop.slice".into(), group(&[])),
        ("/shop.slice/nginx.service".into(), group(&[812, 813])),
    ]);
    state.files = BTreeMap::from([
        ("/usr/sbin/nginx".into(), FakeFile::Program),
        ("/srv/a\tb".into(), FakeFile::Program),
        ("/usr/sbin".into(), FakeFile::Directory),
        ("/box/nginx".into(), FakeFile::Elsewhere),
    ]);
    let unit = |load, cgroup, slice| FakeUnit {
        id: None,
        load,
        cgroup,
        slice,
    };
    let nginx = Some("/shop.slice/nginx.service");
    let mail = unit("loaded", Some(""), "system-mail.slice");
    let alias = FakeUnit {
        id: Some("mail.service"),
        ..mail.clone()
    };
    state.units = BTreeMap::from([
        ("nginx.service".into(), unit("loaded", nginx, "shop.slice")),
        (
            "shop.slice".into(),
            unit("loaded", Some("/shop.slice"), "-.slice"),
        ),
        (
            "blog-db.slice".into(),
            unit("loaded", Some(""), "blog.slice"),
        ),
        ("-.slice".into(), unit("loaded", Some("/"), "")),
        ("mail.service".into(), mail),
        ("smtp.service".into(), alias),
        ("old.service".into(), unit("masked", Some(""), "")),
        ("boot.target".into(), unit("loaded", None, "")),
    ]);
    drop(state);
    fake
}

/// The ids of the rules in force, in their order.
pub(super) fn ids(fake: &Fake) -> Vec<u32> {
    let state = fake.state();
    state.rules.iter().map(|rule| rule.entry.id).collect()
}

/// A machine with the rules 1 to 3.
pub(super) fn three_rules() -> Fake {
    let fake = machine();
    for uid in [33, 34, 35] {
        addrctl(&fake, &format!("rule add --uid {uid} --to shop")).unwrap();
    }
    fake
}

#[test]
fn a_rule_has_every_criterion_that_was_given() {
    let fake = machine();
    let line = "rule add --exe /usr/sbin/nginx --uid www-data --gid 7 --cgroup shop.slice --to 2";
    assert_eq!(addrctl(&fake, line).unwrap(), "1\n");
    let entry = RuleEntry {
        id: 1,
        exe: Some(0),
        uid: Some(33),
        gid: Some(7),
        cgroup: Some(UserText { at: 0, len: 11 }),
        association: 2,
    };
    let rule = FakeRule {
        entry,
        program: Some("/usr/sbin/nginx".into()),
        cgroup: Some("/shop.slice".into()),
    };
    assert_eq!(fake.state().rules, [rule]);
}

#[test]
fn a_criterion_that_was_not_given_does_not_count() {
    let fake = machine();
    for (line, entry) in [
        (
            "--uid root",
            RuleEntry {
                uid: Some(0),
                ..RuleEntry::default()
            },
        ),
        (
            "--gid www-data",
            RuleEntry {
                gid: Some(33),
                ..RuleEntry::default()
            },
        ),
        (
            "--cgroup shop.slice",
            RuleEntry {
                cgroup: Some(UserText { at: 0, len: 11 }),
                ..RuleEntry::default()
            },
        ),
    ] {
        let id = addrctl(&fake, &format!("rule add {line} --to shop")).unwrap();
        let last = fake.state().rules.last().cloned().unwrap();
        assert_eq!(id, format!("{}\n", last.entry.id));
        let expected = RuleEntry {
            id: last.entry.id,
            association: 1,
            ..entry
        };
        assert_eq!((last.entry, last.program), (expected, None), "{line}");
    }
}

#[test]
fn a_rule_is_added_at_the_end_or_before_another() {
    let fake = three_rules();
    let printed = addrctl(&fake, "rule add --gid 7 --to blog --before 2").unwrap();
    assert_eq!(printed, "4\n");
    assert_eq!(ids(&fake), [1, 4, 2, 3]);
    addrctl(&fake, "rule add --gid 8 --to blog --before 1").unwrap();
    addrctl(&fake, "rule add --gid 9 --to blog").unwrap();
    assert_eq!(ids(&fake), [5, 1, 4, 2, 3, 6]);
}

#[test]
fn a_rule_keeps_its_control_group_when_others_come() {
    let fake = machine();
    for path in ["/shop.slice", "/blog.slice", "/shop.slice/nginx.service"] {
        addrctl(
            &fake,
            &format!("rule add --cgroup {path} --to shop --gid 7"),
        )
        .unwrap();
    }
    let state = fake.state();
    let paths = state.rules.iter().map(|rule| rule.cgroup.clone().unwrap());
    let expected = ["/shop.slice", "/blog.slice", "/shop.slice/nginx.service"];
    assert_eq!(paths.collect::<Vec<_>>(), expected.map(PathBuf::from));
}

#[test]
fn rules_are_removed_by_their_ids_or_all_at_once() {
    let fake = three_rules();
    assert_eq!(addrctl(&fake, "rule remove 3 1 3").unwrap(), "");
    assert_eq!(ids(&fake), [2]);
    // An id is not used again.
    let printed = addrctl(&fake, "rule add --gid 7 --to shop").unwrap();
    assert_eq!(printed, "4\n");
    assert_eq!(addrctl(&fake, "rule remove --all").unwrap(), "");
    assert!(ids(&fake).is_empty());
    addrctl(&fake, "rule remove --all").unwrap();
}

#[test]
fn rules_that_change_meanwhile_are_read_again() {
    for meddling in 1..=4 {
        let fake = three_rules();
        fake.state().meddling = meddling;
        let printed = addrctl(&fake, "rule add --gid 7 --to shop --before 3").unwrap();
        assert_eq!(printed, "4\n");
        assert_eq!(ids(&fake), [1, 2, 4, 3]);
        fake.state().meddling = meddling;
        addrctl(&fake, "rule remove 2").unwrap();
        assert_eq!(ids(&fake), [1, 4, 3]);
    }
}

#[test]
fn the_list_names_what_people_know() {
    let fake = machine();
    let empty = addrctl(&fake, "rule list").unwrap();
    assert_eq!(empty, "ID  PROGRAM  USER  GROUP  CGROUP  TO\n");
    for line in [
        "rule add --exe /usr/sbin/nginx --uid 33 --to shop",
        "rule add --cgroup shop.slice/nginx.service --to blog",
        "rule add --uid 77 --gid 33 --unit mail.service --to shop",
    ] {
        addrctl(&fake, line).unwrap();
    }
    assert_eq!(
        addrctl(&fake, "rule list").unwrap(),
        "\
ID  PROGRAM          USER      GROUP     CGROUP                                        TO
 1  /usr/sbin/nginx  www-data  -         -                                             shop
 2  -                -         -         /shop.slice/nginx.service                     blog
 3  -                77        www-data  /system.slice/system-mail.slice/mail.service  shop
"
    );
}

#[test]
fn a_path_does_not_reach_the_terminal_as_it_is() {
    let fake = machine();
    addrctl(&fake, "rule add --exe /srv/a\tb --cgroup a\tb --to shop").unwrap();
    let listed = addrctl(&fake, "rule list").unwrap();
    assert!(listed.contains(" /srv/a\\tb "), "{listed}");
    assert!(listed.contains(" /a\\tb "), "{listed}");
    let note = &fake.state().notes[0];
    assert!(note.contains(" /a\\tb "), "{note}");
}

#[test]
fn the_json_of_rule_list_is_stable() {
    let fake = machine();
    addrctl(&fake, "assign 812 10.0.0.3").unwrap();
    fake.state().associations.get_mut(&3).unwrap().defined = true;
    for line in [
        "rule add --exe /usr/sbin/nginx --uid www-data --gid 7 --cgroup shop.slice --to shop",
        "rule add --uid 0 --to 3",
    ] {
        addrctl(&fake, line).unwrap();
    }
    assert_eq!(
        addrctl(&fake, "rule list --json").unwrap(),
        r#"{
  "version": 1,
  "rules": [
    {
      "id": 1,
      "program": "/usr/sbin/nginx",
      "uid": 33,
      "gid": 7,
      "cgroup": "/shop.slice",
      "association": {
        "id": 1,
        "name": "shop"
      }
    },
    {
      "id": 2,
      "program": null,
      "uid": 0,
      "gid": null,
      "cgroup": null,
      "association": {
        "id": 3,
        "name": null
      }
    }
  ]
}
"#
    );
}

#[test]
fn a_long_path_and_as_many_rules_as_there_can_be_are_all_told() {
    let fake = machine();
    let long = format!("/{}", "d/".repeat(3000));
    let program = (long.clone().into(), FakeFile::Program);
    fake.state().files.extend([program]);
    addrctl(&fake, &format!("rule add --exe {long} --to shop")).unwrap();
    for uid in 1..255 {
        addrctl(&fake, &format!("rule add --uid {uid} --to shop")).unwrap();
    }
    let group = "/d".repeat(2047);
    addrctl(&fake, &format!("rule add --cgroup {group} --to shop")).unwrap();
    let (result, printed) = run(&fake, "rule list --json");
    result.unwrap();
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(json["rules"][0]["program"], long);
    assert_eq!(json["rules"].as_array().unwrap().len(), 256);
    assert_eq!(json["rules"][254]["uid"], 254);
    assert_eq!(json["rules"][255]["cgroup"], group);
}
