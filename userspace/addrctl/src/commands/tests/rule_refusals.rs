// SPDX-License-Identifier: GPL-2.0

//! What the commands about rules say when they fail. Nothing changes then.

use addrconf_abi::Command as Call;
use rustix::io::Errno;

use super::addrctl;
use super::refusals::refused;
use super::rules::{ids, machine, three_rules};
use crate::testing::Fake;

/// Checks that a command fails with this exit code and these words, and changes no rule.
#[track_caller]
fn changes_nothing(fake: &Fake, line: &str, exit_code: u8, words: &str) {
    let before = fake.state().rules.clone();
    refused(fake, line, exit_code, words);
    assert_eq!(fake.state().rules, before);
}

#[test]
fn a_rule_needs_an_association_that_is_defined() {
    let fake = machine();
    let words = "cannot add a rule for association store: no association has the name store";
    changes_nothing(&fake, "rule add --uid 33 --to store", 5, words);
    let words = "cannot add a rule for association 7: no such association; `addrctl list` shows \
                 the associations there are, `addrctl define` makes one; nothing was changed";
    changes_nothing(&fake, "rule add --uid 33 --to 7", 5, words);
    addrctl(&fake, "assign 812 10.0.0.3 --name web").unwrap();
    let words = "cannot add a rule for association web: it is not a defined one, and would end \
                 with its last process and socket; `addrctl define` makes one that stays; nothing \
                 was changed";
    changes_nothing(&fake, "rule add --uid 33 --to web", 1, words);
}

#[test]
fn a_program_is_a_file_of_the_machine() {
    let fake = machine();
    for (path, words) in [
        (
            "nginx",
            "there is no file nginx; write the path of a program, it is not searched in PATH",
        ),
        (
            "/usr/sbin",
            "/usr/sbin is not a regular file; name the file of the program; nothing was changed",
        ),
        (
            "/box/nginx",
            "/box/nginx must be named in the machine's own mount namespace, that of process 1",
        ),
    ] {
        changes_nothing(&fake, &format!("rule add --exe {path} --to 1"), 1, words);
    }
}

#[test]
fn users_and_groups_are_known() {
    let fake = machine();
    let user = "cannot add a rule for association shop: there is no user joe; `getent passwd`";
    changes_nothing(&fake, "rule add --uid joe --to shop", 1, user);
    let group = "there is no group joe";
    changes_nothing(&fake, "rule add --gid joe --to shop", 1, group);
}

#[test]
fn a_rule_for_every_process_of_the_machine_is_hardly_meant() {
    let fake = machine();
    for option in [
        "--cgroup /",
        "--cgroup /sys/fs/cgroup",
        "--cgroup . --uid 33",
        "--unit=-.slice",
    ] {
        let line = format!("rule add {option} --to shop");
        let words = "every process of the machine is in the root of the control groups or below \
                     it; name a control group below it, or a program, a user or a group instead";
        changes_nothing(&fake, &line, 1, words);
    }
}

#[test]
fn a_container_does_not_know_the_paths_of_control_groups() {
    let fake = machine();
    fake.state().in_container = true;
    let words = "control groups have other paths in this container than on the machine; run \
                 addrctl outside every container";
    for option in ["--cgroup shop.slice", "--unit shop.slice"] {
        let line = format!("rule add {option} --to shop");
        changes_nothing(&fake, &line, 1, words);
    }
}

#[test]
fn a_rule_that_is_not_there_is_named() {
    let fake = three_rules();
    let words =
        "there is no rule 9; `addrctl rule list` shows those there are; nothing was changed";
    for (line, doing) in [
        ("rule remove 9", "cannot remove rule 9: "),
        ("rule remove 1 9 2", "cannot remove rules 1, 9 and 2: "),
        (
            "rule add --uid 33 --to shop --before 9",
            "cannot add a rule for association shop: ",
        ),
    ] {
        changes_nothing(&fake, line, 5, &format!("{doing}{words}"));
    }
}

#[test]
fn there_are_at_most_256_rules() {
    let fake = machine();
    for uid in 0..256 {
        addrctl(&fake, &format!("rule add --uid {uid} --to shop")).unwrap();
    }
    let words = "there are 256 rules already, and there can be no more; nothing was changed";
    changes_nothing(&fake, "rule add --uid 256 --to shop", 1, words);
    // A module with another limit.
    let fake = machine();
    fake.state().failing = Some((Call::SetRules, Errno::TOOBIG));
    changes_nothing(
        &fake,
        "rule add --uid 256 --to shop",
        1,
        "there can be no more",
    );
}

#[test]
fn somebody_who_changes_the_rules_all_the_time_is_told_so() {
    let words = "somebody else changes the rules again and again; run it again";
    for line in ["rule add --uid 33 --to shop", "rule remove 2"] {
        let fake = three_rules();
        fake.state().failing = Some((Call::SetRules, Errno::STALE));
        changes_nothing(&fake, line, 1, &format!("{words}; nothing was changed"));
        let fake = three_rules();
        fake.state().meddling = u32::MAX;
        changes_nothing(&fake, line, 1, words);
    }
    let fake = three_rules();
    fake.state().meddling = u32::MAX;
    changes_nothing(&fake, "rule list", 1, words);
    assert_eq!(ids(&fake), [1, 2, 3]);
}

#[test]
fn other_refusals_of_rules_are_told_in_words() {
    for (errno, words) in [
        (Errno::INVAL, "the module refused the request as malformed"),
        (Errno::NOMEM, "no memory"),
        (Errno::NOSPC, "the module has no ids left for rules"),
    ] {
        let fake = machine();
        fake.state().failing = Some((Call::SetRules, errno));
        changes_nothing(&fake, "rule add --uid 33 --to shop", 1, words);
    }
}

#[test]
fn an_association_that_rules_name_is_not_undefined() {
    let fake = three_rules();
    let words = "cannot undefine association shop: rules 1, 2 and 3 put tasks into it; remove \
                 with `addrctl rule remove 1 2 3`; nothing was changed";
    changes_nothing(&fake, "undefine shop", 1, words);
    addrctl(&fake, "rule remove 1 3").unwrap();
    let words = "rule 2 puts tasks into it; remove with `addrctl rule remove 2`";
    changes_nothing(&fake, "undefine 1", 1, words);
    addrctl(&fake, "undefine blog").unwrap();
    addrctl(&fake, "rule remove 2").unwrap();
    addrctl(&fake, "undefine shop").unwrap();
    // The rule went before it could be told.
    let fake = machine();
    fake.state().failing = Some((Call::Undefine, Errno::BUSY));
    let words = "a rule puts tasks into it; `addrctl rule list` shows it";
    changes_nothing(&fake, "undefine shop", 1, words);
}
