// SPDX-License-Identifier: GPL-2.0

//! A control call runs out of memory: it takes effect as a whole, or not at
//! all.

use std::io;

use addrconf_abi::{Change, Target};

use super::shortage::{self, each_failure, each_failure_with, ready};
use crate::addr::{ANY4, HOST4, ONE, PAIRS, TWO};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{entries, Assignment, Description, Device};
use crate::registry::Test;
use crate::server::idle;
use crate::sock::{Proto, Sock};

pub fn tests() -> Vec<Test> {
    shortage::tests(vec![
        ("assign_without_memory_changes_nothing", assign),
        (
            "assign_with_sockets_without_memory_changes_nothing",
            assign_with_sockets,
        ),
        ("exclusive_assign_without_memory_changes_nothing", || {
            let device = ready(true);
            let child = Child::spawn(|| stay());
            assigned(&device, &child, Assignment::EXCLUSIVE, 1);
        }),
        (
            "assign_of_a_tree_without_memory_changes_nothing",
            assign_tree,
        ),
        (
            "assign_that_resets_without_memory_changes_nothing",
            assign_reset,
        ),
        ("flush_works_without_memory", flush),
        ("update_without_memory_changes_nothing", update),
        ("release_of_a_process_works_without_memory", release_process),
        (
            "release_of_an_association_without_memory_changes_nothing",
            release_association,
        ),
        ("query_without_memory_changes_nothing", query),
        ("list_without_memory_changes_nothing", list),
    ])
}

fn assign() {
    let device = ready(true);
    let child = Child::spawn(|| stay());
    assigned(&device, &child, Assignment::DEFAULT, 1);
}

fn assign_with_sockets() {
    let device = ready(true);
    let opened = Channel::new();
    let child = Child::spawn(|| {
        let socks: Vec<_> = (0..20)
            .map(|port| Sock::serving(Proto::Tcp, (ANY4, 8000 + port)))
            .collect();
        opened.send("");
        let _socks = socks;
        stay();
    });
    opened.receive();
    assigned(&device, &child, Assignment::DEFAULT, 1);
}

fn assign_tree() {
    let device = ready(true);
    let (made, pids) = (Channel::new(), Channel::new());
    let root = Child::spawn(|| {
        let _children = [(); 2].map(|()| {
            Child::spawn(|| {
                pids.send(&std::process::id().to_string());
                stay();
            })
        });
        made.send("");
        stay();
    });
    made.receive();
    let pids = [(); 2].map(|()| pids.receive().parse().expect("a pid"));
    assigned(&device, &root, Assignment::TREE, 3);
    for pid in pids {
        device.query(Target::Pid(pid)).expect_err("half associated");
    }
}

/// Assigns a process, or a tree of `tasks` tasks, and releases it if that
/// worked.
fn assigned(device: &Device, child: &Child, assignment: Assignment, tasks: u64) {
    let (target, set) = (Target::Pid(child.pid()), entries(PAIRS[0]));
    each_failure(
        true,
        || device.assign_with(target, &set, &assignment),
        |outcome| {
            if let Ok(assigned) = outcome {
                let found = device.query(target).expect("query");
                assert_eq!((found.tasks, found.addrs.len()), (tasks, set.len()));
                let whole = Target::Association(assigned.id);
                device.release(whole).expect("release");
            } else {
                device.query(target).expect_err("half associated");
            }
            eventually("no task left behind", || {
                device.ids().iter().all(|&id| {
                    let found = device.query(Target::Association(id));
                    found.map_or(true, |found| found.tasks == 0)
                })
            });
        },
    );
}

/// Assigns a process with a connection outside the set, which ends if the call
/// worked. The peer need not hear of it: a packet that says so needs memory,
/// too.
fn assign_reset() {
    let device = ready(true);
    let server = Sock::serving(Proto::Tcp, (HOST4, 80));
    let terms = Assignment::RESET;
    let (connected, go, ended) = (Channel::new(), Channel::new(), Channel::new());
    each_failure_with(
        true,
        || {
            let child = Child::spawn(|| {
                let client = Sock::v4(Proto::Tcp);
                client.connect((HOST4, 80)).expect("connect");
                connected.send("");
                go.receive();
                ended.send(&client.has_input(0).to_string());
                stay();
            });
            connected.receive();
            (child, server.accept().expect("accept"))
        },
        |(child, _)| device.assign_with(Target::Pid(child.pid()), &entries(ONE), &terms),
        |(child, _), outcome| {
            let found = device.query(Target::Pid(child.pid()));
            assert_eq!(found.is_ok(), outcome.is_ok(), "half associated");
            go.send("");
            let ended = ended.receive() == "true";
            assert!(ended || outcome.is_err(), "the connection goes on");
        },
    );
}

fn flush() {
    let device = ready(true);
    each_failure_with(
        true,
        || [idle(ONE), idle(TWO)],
        |_| device.release(Target::All),
        |tenants, outcome| {
            outcome.as_ref().expect("flush");
            for tenant in tenants {
                let found = device.query(Target::Pid(tenant.pid()));
                found.expect_err("still associated");
            }
        },
    );
}

fn update() {
    let device = ready(true);
    let child = idle(ONE);
    let target = Target::Pid(child.pid());
    let more = ["10.1.0.1", "2001:db8:1::1"];
    for (change, set) in [(Change::Add, &more[..]), (Change::Remove, &more)] {
        let before = described(&device, target);
        each_failure(
            true,
            || device.update(target, change, set, false),
            |outcome| {
                let after = described(&device, target);
                if outcome.is_err() {
                    assert_eq!(after, before);
                    return;
                }
                assert_ne!(after, before);
                // Undone, in case this was not the last attempt.
                let back = match change {
                    Change::Add => Change::Remove,
                    _ => Change::Add,
                };
                device
                    .update(target, back, set, false)
                    .expect("undo the update");
                assert_eq!(described(&device, target).addrs.len(), before.addrs.len());
            },
        );
        device.update(target, change, set, false).expect("update");
    }
}

fn described(device: &Device, target: Target) -> Description {
    device.query(target).expect("query")
}

fn release_process() {
    let device = ready(true);
    each_failure_with(
        true,
        || idle(ONE),
        |tenant| device.release(Target::Pid(tenant.pid())),
        |tenant, outcome| {
            outcome.as_ref().expect("release");
            let found = device.query(Target::Pid(tenant.pid()));
            found.expect_err("still associated");
        },
    );
}

fn release_association() {
    let device = ready(true);
    let child = idle(ONE);
    let target = Target::Pid(child.pid());
    // Each new association has another id.
    let faulty = || {
        let id = described_id(&device, target)?;
        device.release(Target::Association(id))
    };
    each_failure(true, faulty, |outcome| {
        if outcome.is_err() {
            assert_eq!(described(&device, target).tasks, 1);
        } else {
            device.query(target).expect_err("still associated");
            device
                .assign(target, &entries(ONE), "")
                .expect("assign it again");
        }
    });
}

fn described_id(device: &Device, target: Target) -> io::Result<u64> {
    device.query(target).map(|found| found.id)
}

fn query() {
    let device = ready(true);
    let child = idle(ONE);
    let target = Target::Pid(child.pid());
    let before = described(&device, target);
    each_failure(
        true,
        || device.query(target),
        |outcome| {
            if let Ok(found) = outcome {
                assert_eq!(found, &before);
            }
        },
    );
}

fn list() {
    let device = ready(true);
    let _children = [idle(ONE), idle(ONE)];
    let before = device.ids();
    each_failure(
        true,
        || device.list(0, 512),
        |outcome| {
            if let Ok((ids, _)) = outcome {
                assert_eq!(ids, &before);
            }
        },
    );
}
