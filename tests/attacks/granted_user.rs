// SPDX-License-Identifier: GPL-2.0

//! How a user with a grant tries to get more than it was granted: other processes than its own,
//! other addresses and terms, or an end of what an administrator made.

use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::thread;

use addrconf_abi::{HostLoopback, Name, Target, Terms};
use libc::EPERM;

use crate::addr::{HOST4, ONE};
use crate::child::{stay, Channel, Child};
use crate::client::{associate_process, entries, errno, this_process, Assignment, Device};
use crate::granted::{as_user, assign_shown, child_of, idle_of, Granted, OTHER, USER};
use crate::registry::{behaviour, Test};
use crate::sys::namespace::unshare;
use crate::sys::user::{
    become_user, keep_capabilities, set_group, set_thread_user, set_traceable, set_user,
    set_user_ids,
};

pub fn tests() -> Vec<Test> {
    let mut tests = foreign();
    tests.extend(vec![
        behaviour("terms_that_concern_others_are_refused_to_a_user", || {
            let _granted = Granted::new(ONE);
            let plain = Terms::DEFAULT;
            let all = [
                Terms {
                    name: Name::new("shop").expect("a name"),
                    ..plain
                },
                Terms {
                    exclusive: true,
                    ..plain
                },
                Terms {
                    allow_raw: true,
                    ..plain
                },
                Terms {
                    loopback: Some([127, 64, 0, 9].into()),
                    ..plain
                },
                Terms {
                    host_loopback: HostLoopback::new([127, 0, 0, 53].into(), 32),
                    ..plain
                },
            ];
            let mut asked: Vec<_> = all.into_iter().map(Assignment::on).collect();
            asked.push(Assignment::TREE);
            as_user(|device| {
                for assignment in &asked {
                    let made = device.assign_with(this_process(), &entries(ONE), assignment);
                    assert_eq!(errno(made), EPERM, "{assignment:?}");
                }
                assert!(device.ids().is_empty());
            });
            for assignment in &asked {
                let child = idle_of(USER);
                let target = Target::Pid(child.pid());
                let made = Device::open().assign_with(target, &entries(ONE), assignment);
                made.expect("an administrator may");
            }
        }),
        behaviour("addresses_beside_a_grant_are_refused_to_a_user", || {
            let _granted = Granted::new(&["10.0.0.1", "10.1.0.0/25"]);
            as_user(|device| {
                for set in [
                    &["10.0.0.2"][..],
                    &["10.0.0.1", HOST4],
                    &["10.1.0.0/24"],
                    &["10.1.0.200"],
                    &["2001:db8::1"],
                ] {
                    let made = device.assign(this_process(), &entries(set), "");
                    assert_eq!(errno(made), EPERM, "{set:?}");
                }
                let part = entries(&["10.1.0.0/26"]);
                device.assign(this_process(), &part, "").expect("a part");
            });
        }),
        behaviour(
            "a_user_cannot_end_what_an_administrator_made_of_its_process",
            || {
                let _granted = Granted::new(ONE);
                let confined = idle_of(USER);
                associate_process(confined.pid(), ONE);
                let target = Target::Pid(confined.pid());
                let id = Device::open().query(target).expect("query").id;
                as_user(|device| {
                    for target in [target, Target::Association(id)] {
                        assert_eq!(errno(device.release(target)), EPERM);
                    }
                    let replaced = assign_shown(device, confined.pid(), ONE);
                    assert!(replaced.is_err());
                });
                assert_eq!(Device::open().query(target).expect("query").id, id);
            },
        ),
        behaviour(
            "a_user_does_not_inherit_the_association_of_an_administrator",
            || {
                // A socket keeps an association that has no process any more, which `assign` would
                // join.
                let _granted = Granted::new(ONE);
                let (ready, go, answer) = (Channel::new(), Channel::new(), Channel::new());
                let child = child_of(USER, |device| {
                    ready.send("");
                    go.receive();
                    let _socket = std::net::UdpSocket::bind((ONE[0], 0)).expect("bind");
                    ready.send("");
                    go.receive();
                    let made = device.assign(this_process(), &entries(ONE), "");
                    answer.send(&made.expect("assign").to_string());
                    stay();
                });
                ready.receive();
                let theirs = associate_process(child.pid(), ONE);
                go.send("");
                ready.receive();
                let device = Device::open();
                device.release(Target::Pid(child.pid())).expect("release");
                go.send("");
                assert_ne!(answer.receive(), theirs.to_string());
                let found = device.query(Target::Pid(child.pid())).expect("query");
                assert_eq!(found.granted_to, Some(USER));
            },
        ),
    ]);
    tests
}

/// Processes that are not the user's own.
fn foreign() -> Vec<Test> {
    vec![
        behaviour("another_users_process_is_refused_to_a_user", || {
            refused_to_user(&idle_of(OTHER));
        }),
        behaviour("a_process_of_root_is_refused_to_a_user", || {
            refused_to_user(&Child::spawn(|| stay()));
        }),
        behaviour("a_process_of_another_group_is_refused_to_a_user", || {
            refused_to_user(&child_that(|| {
                set_group(OTHER).expect("setgid");
                set_user(USER).expect("setuid");
                set_traceable(true).expect("prctl");
            }));
        }),
        behaviour("a_process_with_a_capability_is_refused_to_a_user", || {
            refused_to_user(&child_that(|| {
                set_group(USER).expect("setgid");
                keep_capabilities().expect("prctl");
                set_user(USER).expect("setuid");
                set_traceable(true).expect("prctl");
            }));
        }),
        behaviour(
            "a_process_that_executes_for_another_is_refused_to_a_user",
            || {
                refused_to_user(&child_that(|| {
                    set_group(USER).expect("setgid");
                    set_user_ids([USER, OTHER, USER]).expect("setuid");
                    set_traceable(true).expect("prctl");
                }));
            },
        ),
        behaviour(
            "a_process_that_hides_its_memory_is_refused_to_a_user",
            || {
                refused_to_user(&child_that(|| {
                    become_user(USER).expect("setuid");
                    set_traceable(false).expect("prctl");
                }));
            },
        ),
        behaviour(
            "a_process_with_a_thread_of_another_is_refused_to_a_user",
            || {
                let ready = Channel::new();
                let mixed = Child::spawn(|| {
                    thread::scope(|scope| {
                        scope.spawn(|| stay());
                        set_group(USER).expect("setgid");
                        set_thread_user(USER).expect("setuid");
                        set_traceable(true).expect("prctl");
                        ready.send("");
                        stay()
                    })
                });
                ready.receive();
                refused_to_user(&mixed);
            },
        ),
        behaviour(
            "a_process_in_another_user_namespace_is_refused_to_a_user",
            || {
                refused_to_user(&child_that(|| {
                    become_user(USER).expect("setuid");
                    unshare(libc::CLONE_NEWUSER).expect("unshare");
                    set_traceable(true).expect("prctl");
                }));
            },
        ),
        behaviour(
            "all_capabilities_in_a_user_namespace_give_a_user_nothing",
            || {
                let _granted = Granted::new(ONE);
                let (other, own) = (idle_of(OTHER), idle_of(USER));
                as_user(|device| {
                    unshare(libc::CLONE_NEWUSER).expect("unshare");
                    fs::write("/proc/self/uid_map", format!("0 {USER} 1")).expect("uid_map");
                    for pid in [other.pid(), own.pid()] {
                        assert_eq!(errno(assign_shown(device, pid, ONE)), EPERM);
                    }
                    let beside = entries(&[HOST4]);
                    assert_eq!(errno(device.assign(this_process(), &beside, "")), EPERM);
                    assert_eq!(errno(device.grant(USER, &beside)), EPERM);
                    // It is the same user, who has the same grant.
                    device
                        .assign(this_process(), &entries(ONE), "")
                        .expect("assign");
                });
            },
        ),
        behaviour("memory_that_proves_nothing_is_refused", || {
            let _granted = Granted::new(ONE);
            let (target, own) = (idle_of(OTHER), idle_of(USER));
            let hidden = child_that(|| {
                become_user(USER).expect("setuid");
                set_traceable(false).expect("prctl");
            });
            as_user(|device| {
                let path = |pid| format!("/proc/{pid}/mem");
                let name_only = |pid| {
                    let opened = OpenOptions::new()
                        .read(true)
                        .custom_flags(libc::O_PATH)
                        .open(path(pid));
                    opened.ok()
                };
                let memory = |pid| File::open(path(pid)).ok();
                let null = || File::open("/dev/null").ok();
                for victim in [target.pid(), hidden.pid()] {
                    let files = [
                        name_only(victim),
                        name_only(own.pid()),
                        memory(own.pid()),
                        memory(std::process::id() as i32),
                        null(),
                    ];
                    for file in files.iter().flatten() {
                        let shown = Assignment {
                            proof: Some(file.as_raw_fd()),
                            ..Assignment::DEFAULT
                        };
                        let set = entries(ONE);
                        let made = device.assign_with(Target::Pid(victim), &set, &shown);
                        assert_eq!(errno(made), EPERM, "{file:?}");
                    }
                }
            });
        }),
    ]
}

/// Panics unless the process is refused to the user, whatever memory it can open, and not to an
/// administrator.
fn refused_to_user(process: &Child) {
    let _granted = Granted::new(ONE);
    let target = Target::Pid(process.pid());
    as_user(|device| {
        let alone = device.assign(target, &entries(ONE), "");
        assert_eq!(errno(alone), EPERM);
        let shown = assign_shown(device, process.pid(), ONE);
        assert_eq!(errno(shown), EPERM);
    });
    let made = Device::open().assign(target, &entries(ONE), "");
    made.expect("an administrator associates it");
}

/// A child that runs `f`, and sleeps.
fn child_that(f: impl FnOnce()) -> Child {
    let ready = Channel::new();
    let child = Child::spawn(|| {
        f();
        ready.send("");
        stay();
    });
    ready.receive();
    child
}
