// SPDX-License-Identifier: GPL-2.0

//! A call that puts processes into an association that is there runs out of memory: they are where
//! they were, or all are in it.

use std::thread;

use addrconf_abi::Target;

use super::shortage::{self, each_failure, ready};
use crate::addr::{ONE, TWO};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::Device;
use crate::defined::Defined;
use crate::registry::Test;

/// The threads of the process, and its child.
const TASKS: u64 = 3;

pub fn tests() -> Vec<Test> {
    shortage::tests(vec![
        ("joining_without_memory_changes_nothing", joined),
        ("moving_without_memory_changes_nothing", moved),
    ])
}

/// A process of two threads, with a child.
fn process() -> Child {
    let made = Channel::new();
    let child = Child::spawn(|| {
        thread::scope(|scope| {
            scope.spawn(|| stay());
            let _child = Child::spawn(|| stay());
            made.send("");
            stay();
        });
    });
    made.receive();
    child
}

fn joined() {
    let device = ready(true);
    let shop = Defined::new("shop", ONE);
    let child = process();
    let target = Target::Pid(child.pid());
    each_failure(
        true,
        || device.join(target, shop.id, true),
        |outcome| {
            if outcome.is_ok() {
                assert_eq!(shop.describe().tasks, TASKS);
                let whole = Target::Association(shop.id);
                device.release(whole).expect("release");
            } else {
                device.query(target).expect_err("half associated");
            }
            eventually("no task left behind", || shop.describe().tasks == 0);
        },
    );
}

fn moved() {
    let device = ready(true);
    let (shop, blog) = (Defined::new("shop", ONE), Defined::new("blog", TWO));
    let child = process();
    let target = Target::Pid(child.pid());
    device.join(target, shop.id, true).expect("join");
    each_failure(
        true,
        || device.move_to(target, blog.id, true, false),
        |outcome| {
            if outcome.is_ok() {
                are_all_in(&device, target, [&blog, &shop]);
                let back = device.move_to(target, shop.id, true, false);
                back.expect("move back");
            }
            are_all_in(&device, target, [&shop, &blog]);
        },
    );
}

/// Checks that all tasks are in the first of two associations, and soon none is in the second.
fn are_all_in(device: &Device, target: Target, [one, other]: [&Defined; 2]) {
    assert_eq!(device.query(target).expect("query").id, one.id);
    eventually("all to be in one", || {
        (one.describe().tasks, other.describe().tasks) == (TASKS, 0)
    });
}
