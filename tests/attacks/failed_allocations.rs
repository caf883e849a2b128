// SPDX-License-Identifier: GPL-2.0

//! A control call runs out of memory: all of it is done, or nothing.

use std::io;

use addrconf_abi::{Change, Target};

use super::shortage::{self, each_failure, ready};
use crate::addr::{ANY4, ONE, PAIRS};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{entries, Description, Device};
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
        ("update_without_memory_changes_nothing", update),
        (
            "release_of_a_process_without_memory_changes_nothing",
            release_process,
        ),
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
    assigned(&device, &child);
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
    assigned(&device, &child);
}

fn assigned(device: &Device, child: &Child) {
    let (target, set) = (Target::Pid(child.pid()), entries(PAIRS[0]));
    each_failure(
        true,
        || device.assign(target, &set, "me"),
        |outcome| {
            if outcome.is_ok() {
                let found = device.query(target).expect("query");
                assert_eq!((found.tasks, found.addrs.len()), (1, set.len()));
                device.release(target).expect("release");
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
                // Back, in case this was not the last try.
                let back = match change {
                    Change::Add => Change::Remove,
                    _ => Change::Add,
                };
                device.update(target, back, set, false).expect("back");
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
    let child = idle(ONE);
    let target = Target::Pid(child.pid());
    each_failure(
        true,
        || device.release(target),
        |outcome| {
            if outcome.is_err() {
                assert_eq!(described(&device, target).tasks, 1);
            } else {
                device.query(target).expect_err("released");
                device.assign(target, &entries(ONE), "").expect("again");
            }
        },
    );
}

fn release_association() {
    let device = ready(true);
    let child = idle(ONE);
    let target = Target::Pid(child.pid());
    // Its id is another one each time.
    let faulty = || {
        let id = described_id(&device, target)?;
        device.release(Target::Association(id))
    };
    each_failure(true, faulty, |outcome| {
        if outcome.is_err() {
            assert_eq!(described(&device, target).tasks, 1);
        } else {
            device.query(target).expect_err("released");
            device.assign(target, &entries(ONE), "").expect("again");
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
