// SPDX-License-Identifier: GPL-2.0

//! Control groups as they are named: by a path, or by a unit of systemd.

use std::io;
use std::path::{Path, PathBuf};

use super::addrctl;
use super::refusals::refused;
use super::rules::machine;
use crate::testing::Fake;

/// What both commands that take a control group say.
#[track_caller]
fn both_say(option: &str, exit_code: u8, words: &str) {
    for command in ["rule add", "assign"] {
        let fake = machine();
        let line = format!("{command} {option} --to shop");
        refused(&fake, &line, exit_code, words);
        assert!(fake.state().rules.is_empty());
    }
}

/// Adds a rule, and returns the path of its control group.
#[track_caller]
fn path_in_rule(fake: &Fake, option: &str) -> PathBuf {
    addrctl(fake, &format!("rule add {option} --to shop")).unwrap();
    let last = fake.state().rules.last().cloned();
    last.unwrap().cgroup.unwrap()
}

#[test]
fn a_control_group_of_a_rule_is_named_by_any_of_its_paths() {
    let fake = machine();
    for path in [
        "shop.slice/nginx.service",
        "/shop.slice/nginx.service",
        "/sys/fs/cgroup/shop.slice/nginx.service/",
    ] {
        let path = path_in_rule(&fake, &format!("--cgroup {path}"));
        assert_eq!(path, Path::new("/shop.slice/nginx.service"));
    }
    assert!(fake.state().notes.is_empty());
}

#[test]
fn a_rule_may_name_a_control_group_that_is_not_there_yet() {
    let fake = machine();
    for path in ["mail.slice/a", "/sys/fs/cgroup/mail.slice/a/"] {
        let path = path_in_rule(&fake, &format!("--cgroup {path}"));
        assert_eq!(path, Path::new("/mail.slice/a"));
        let words =
            "there is no control group /mail.slice/a yet; the rule applies as soon as there is one";
        assert_eq!(std::mem::take(&mut fake.state().notes), [words]);
    }
    // A note about a rule that was not added would mislead.
    addrctl(&fake, "rule add --cgroup mail.slice --to shop --before 9").unwrap_err();
    assert!(fake.state().notes.is_empty());
    let words = "there is no control group mail.slice; `systemd-cgls` shows those there are";
    refused(&fake, "assign --cgroup mail.slice --to shop", 5, words);
}

#[test]
fn a_rule_for_a_unit_is_the_same_whether_or_not_it_runs() {
    let fake = machine();
    let nginx = Path::new("/shop.slice/nginx.service");
    assert_eq!(path_in_rule(&fake, "--unit nginx.service"), nginx);
    let mut state = fake.state();
    state.units.get_mut("nginx.service").unwrap().cgroup = Some("");
    state.cgroups.remove(nginx);
    drop(state);
    assert_eq!(path_in_rule(&fake, "--unit nginx.service"), nginx);
    let shop = path_in_rule(&fake, "--unit shop.slice");
    assert_eq!(shop, Path::new("/shop.slice"));
    let db = path_in_rule(&fake, "--unit blog-db.slice");
    assert_eq!(db, Path::new("/blog.slice/blog-db.slice"));
    assert!(fake.state().notes.is_empty());
}

#[test]
fn a_unit_is_found_without_its_suffix_and_by_another_name() {
    let mail = Path::new("/system.slice/system-mail.slice/mail.service");
    for name in ["mail.service", "mail", "smtp.service", "smtp"] {
        let path = path_in_rule(&machine(), &format!("--unit {name}"));
        assert_eq!(path, mail, "{name}");
    }
    let printed = addrctl(&machine(), "assign --unit nginx --to shop").unwrap();
    assert_eq!(printed, "2 processes joined\n");
}

#[test]
fn a_unit_that_never_has_a_control_group_is_told_why() {
    for (unit, words) in [
        ("ftp.service", "systemd knows no unit ftp.service"),
        (
            "old.service",
            "systemd does not start the unit old.service: it is masked",
        ),
        ("boot.target", "and none of its kind has one"),
        ("none*", "systemd knows no unit none*"),
    ] {
        both_say(&format!("--unit {unit}"), 5, words);
    }
}

#[test]
fn a_unit_that_does_not_run_has_no_processes_to_assign() {
    let words =
        "the unit mail.service has no control group, because it is not running; start it first \
         (`systemctl start mail.service`), or name its control group with --cgroup";
    let line = "assign --unit mail.service --to shop";
    refused(&machine(), line, 5, words);
}

#[test]
fn a_pattern_is_no_unit() {
    both_say(
        "--unit *",
        1,
        "* is a pattern of several units; name one of them",
    );
}

#[test]
fn without_systemd_the_way_out_is_told() {
    let fake = machine();
    fake.state().no_systemctl = Some(io::ErrorKind::NotFound);
    let words = "there is no `systemctl` here, which tells the control group of a unit; name the \
                 control group with --cgroup";
    refused(&fake, "rule add --unit nginx.service --to shop", 5, words);
    let fake = machine();
    let says = "System has not been booted with systemd as init system (PID 1). Can't operate.\n\
                Failed to connect to bus: Host is down\n";
    fake.state().systemctl_says = Some(says);
    let words =
        "`systemctl` says: System has not been booted with systemd as init system (PID 1). \
                 Can't operate; name the control group with --cgroup";
    refused(&fake, "assign --unit nginx.service --to shop", 1, words);
}
