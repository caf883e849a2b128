// SPDX-License-Identifier: GPL-2.0

//! What a user with a grant does without privilege.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use addrconf_abi::{Change, SourceChoice, Target, Terms, DEVICE_PATH};
use libc::{EADDRNOTAVAIL, EEXIST, ENOSPC, EPERM};
use serde_json::{json, Value};

use super::addrctl::ADDRCTL;
use crate::addr::{HOST4, ONE, TWO};
use crate::child::{eventually, stay, Channel};
use crate::client::{entries, errno, this_process, Assignment, Device};
use crate::granted::{as_user, assign_shown, child_of, idle_of, Granted, USER};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, Test};

/// How many associations a user may have (`MAX_OWN` of the module).
const MOST: usize = 32;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_user_with_a_grant_associates_itself", || {
            let _granted = Granted::new(&["10.0.0.0/29", "2001:db8::1"]);
            let (ready, go) = (Channel::new(), Channel::new());
            let child = child_of(USER, |device| {
                assert!(!gains_nothing());
                device
                    .assign(this_process(), &entries(ONE), "")
                    .expect("assign");
                assert_eq!(
                    verdicts(&[ONE[0], ONE[1], HOST4]),
                    format!("ok ok {EADDRNOTAVAIL}")
                );
                assert!(gains_nothing());
                ready.send("");
                go.receive();
            });
            ready.receive();
            let device = Device::open();
            let found = device.query(Target::Pid(child.pid())).expect("query");
            assert_eq!((found.granted_to, found.addrs), (Some(USER), entries(ONE)));
            let grant = device.granted(0).expect("query").expect("a grant");
            assert_eq!((grant.uid, grant.associations), (USER, 1));
            go.send("");
            child.succeeded();
        }),
        behaviour("a_user_associates_a_process_that_it_may_trace", || {
            let _granted = Granted::new(ONE);
            let other = idle_of(USER);
            as_user(|device| {
                let target = Target::Pid(other.pid());
                // The kernel was not asked whether it may be traced.
                assert_eq!(errno(device.assign(target, &entries(ONE), "")), EPERM);
                assign_shown(device, other.pid(), ONE).expect("assign");
                assert_eq!(errno(assign_shown(device, other.pid(), ONE)), EEXIST);
                let found = device.query(target).expect("query");
                assert_eq!(found.pids, [other.pid()]);
            });
            let status = fs::read_to_string(format!("/proc/{}/status", other.pid()));
            assert!(status.expect("status").contains("NoNewPrivs:\t1"));
        }),
        behaviour("a_user_changes_and_ends_what_it_made", || {
            let _granted = Granted::new(&["10.0.0.1", "10.0.0.2"]);
            let other = idle_of(USER);
            as_user(|device| {
                let id = assign_shown(device, other.pid(), &["10.0.0.1"]);
                let id = Target::Association(id.expect("assign").id);
                let change = |change, set: &[&str]| device.update(id, change, set, true);
                change(Change::Add, &["10.0.0.2"]).expect("add");
                change(Change::Remove, &["10.0.0.1"]).expect("remove");
                change(Change::Replace, &["10.0.0.1"]).expect("replace");
                for how in [Change::Add, Change::Replace] {
                    assert_eq!(errno(change(how, &["10.0.0.3"])), EPERM);
                }
                let found = device.query(id).expect("query");
                assert_eq!(found.addrs, entries(&["10.0.0.1"]));
                // A second process, in the same association.
                let second = idle_of_self();
                device
                    .join_shown(Target::Pid(second.pid()), found.id, Some(second.memory()))
                    .expect("join");
                assert_eq!(device.query(id).expect("query").tasks, 2);
                device.release(Target::Pid(second.pid())).expect("release");
                assert_eq!(device.query(id).expect("query").tasks, 1);
                device.release(id).expect("release");
                assert_eq!(errno(device.query(id)), EPERM);
            });
        }),
        behaviour("a_user_chooses_its_source_and_its_signal", || {
            let _granted = Granted::new(ONE);
            as_user(|device| {
                let terms = Terms {
                    source: SourceChoice::Primary,
                    signal: true,
                    ..Terms::DEFAULT
                };
                device
                    .assign_with(this_process(), &entries(ONE), &Assignment::on(terms))
                    .expect("assign");
            });
        }),
        behaviour("a_grant_that_is_taken_back_leaves_what_was_made", || {
            let granted = Granted::new(ONE);
            let others = [idle_of(USER), idle_of(USER)];
            let id = Channel::new();
            as_user(|device| {
                let made = assign_shown(device, others[0].pid(), ONE).expect("assign");
                id.send(&made.id.to_string());
            });
            let id: u64 = id.receive().parse().expect("an id");
            let own = Target::Association(id);
            let device = Device::open();
            // The set is outside the new grant.
            device.grant(USER, &entries(TWO)).expect("grant");
            as_user(|device| {
                let target = Target::Pid(others[1].pid());
                let memory = fs::File::open(format!("/proc/{}/mem", others[1].pid()));
                let memory = memory.expect("the memory");
                let proof = Some(std::os::fd::AsRawFd::as_raw_fd(&memory));
                assert_eq!(errno(device.join_shown(target, id, proof)), EPERM);
                assert_eq!(errno(assign_shown(device, others[1].pid(), ONE)), EPERM);
                let added = device.update(own, Change::Add, TWO, false);
                assert_eq!(errno(added), EPERM);
                device
                    .update(own, Change::Replace, TWO, false)
                    .expect("replace");
            });
            drop(granted);
            as_user(|device| {
                assert_eq!(errno(device.query(own)), EPERM);
                assert_eq!(errno(device.release(own)), EPERM);
                assert_eq!(errno(assign_shown(device, others[1].pid(), ONE)), EPERM);
            });
            let found = device.query(own).expect("query");
            assert_eq!(
                (found.pids, found.addrs),
                (vec![others[0].pid()], entries(TWO))
            );
            device.release(own).expect("release");
        }),
        behaviour("a_user_has_a_limited_number_of_associations", || {
            let _granted = Granted::new(ONE);
            let children: Vec<_> = (0..=MOST).map(|_| idle_of(USER)).collect();
            as_user(|device| {
                let (last, first) = children.split_last().expect("children");
                for child in first {
                    assign_shown(device, child.pid(), ONE).expect("assign");
                }
                assert_eq!(errno(assign_shown(device, last.pid(), ONE)), ENOSPC);
                assert_eq!(device.ids().len(), MOST);
                device
                    .release(Target::Pid(first[0].pid()))
                    .expect("release");
                assign_shown(device, last.pid(), ONE).expect("assign, after a release");
            });
        }),
        behaviour("addrctl_lets_a_user_associate_its_processes", || {
            let mode = || fs::metadata(DEVICE_PATH).expect("the device").mode() & 0o777;
            assert_eq!(mode(), 0o600);
            let user = USER.to_string();
            addrctl(None, &["grant", &user, "10.0.0.1,10.0.0.2"], 0);
            assert_eq!(mode(), 0o666);
            let me = std::env::current_exe().expect("own path");
            let me = me.to_str().expect("text");
            let probe = [me, probe::COMMAND, HOST4, "10.0.0.1"];
            let said = addrctl(
                Some(USER),
                &[&["run", "--addr", "10.0.0.1", "--"], &probe[..]].concat(),
                0,
            );
            assert_eq!(said, format!("{EADDRNOTAVAIL} ok\n"));
            let child = idle_of(USER);
            let pid = child.pid().to_string();
            let id = addrctl(Some(USER), &["assign", &pid, "10.0.0.2"], 0);
            addrctl(Some(USER), &["add", &pid, "10.0.0.1"], 0);
            addrctl(Some(USER), &["add", &pid, "10.0.0.3"], 4);
            let shown = addrctl(Some(USER), &["show", &pid, "--json"], 0);
            let shown: Value = serde_json::from_str(&shown).expect("json");
            assert_eq!(shown["association"]["granted_to"], json!(USER));
            let listed = addrctl(Some(USER), &["grants", "--json"], 0);
            let listed: Value = serde_json::from_str(&listed).expect("json");
            let expected = json!([{
                "uid": USER, "user": null, "addresses": ["10.0.0.1", "10.0.0.2"],
                "association_count": 1,
            }]);
            assert_eq!(listed["grants"], expected);
            addrctl(Some(USER), &["release", "--association", id.trim()], 0);
            for outside in [
                &["run", "--addr", "10.0.0.3", "true"][..],
                &["run", "--addr", "10.0.0.1", "--exclusive", "true"],
            ] {
                addrctl(Some(USER), outside, 125);
            }
            for privileged in [
                &["define", "shop", "10.0.0.1"][..],
                &["flush"],
                &["rule", "list"],
                &["grant", &user, "10.0.0.3"],
                &["revoke", &user],
            ] {
                addrctl(Some(USER), privileged, 4);
            }
            addrctl(None, &["revoke", &user], 0);
            assert_eq!(mode(), 0o600);
            addrctl(None, &["revoke", &user], 5);
            addrctl(Some(USER), &["grants"], 4);
        }),
    ]
}

/// Runs addrctl as a user, or as root. Returns what it printed.
///
/// # Panics
///
/// Unless it exits with this status.
fn addrctl(uid: Option<u32>, words: &[&str], status: i32) -> String {
    let mut command = Command::new(ADDRCTL);
    command.args(words);
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    let output = command.output().expect("addrctl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Whether this process gains no right by executing programs.
fn gains_nothing() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    status.contains("NoNewPrivs:\t1")
}

/// A child of the caller, which sleeps, and its memory.
struct Own {
    child: crate::child::Child,
    memory: fs::File,
}

impl Own {
    fn pid(&self) -> i32 {
        self.child.pid()
    }

    fn memory(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.memory)
    }
}

fn idle_of_self() -> Own {
    let child = crate::child::Child::spawn(|| stay());
    let path = format!("/proc/{}/mem", child.pid());
    let mut memory = None;
    eventually("the memory of a child", || {
        memory = fs::File::open(&path).ok();
        memory.is_some()
    });
    let memory = memory.expect("the memory");
    Own { child, memory }
}
