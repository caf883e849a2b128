// SPDX-License-Identifier: GPL-2.0

//! Times control calls: none may take long, whatever tenants do meanwhile.

use std::thread::sleep;
use std::time::Duration;

use super::Controller;
use crate::sys::clock::now;
use crate::world::{Counter, World};

const SECOND: u64 = 1_000_000_000;

/// How long a control call may take on an ordinary kernel, in nanoseconds. The
/// controller has a higher priority than tenants, so a call that takes longer
/// waits for a tenant.
pub const LIMIT: u64 = 5 * SECOND;

/// How long `assign` may take, in nanoseconds. It waits up to ten seconds for memory
/// that the process keeps locked or changes, ten more for the sockets of very many
/// descriptors, ten more for threads that do not return from the calls they are in, and
/// ten more for processes that are made faster than they can be looked through.
pub const ASSIGN_LIMIT: u64 = 4 * 10 * SECOND + LIMIT;

/// How many times a call may have to wait for a kernel thread to run.
const TURNS: u64 = 10;

/// Runs in an ordinary thread and measures how late that is scheduled. On an
/// overloaded machine the kernel threads that a call waits for run as late.
pub fn be_ordinary(world: World) {
    while !world.stopped() {
        let due = now() + 10_000_000;
        world.note_run(due, due);
        sleep(Duration::from_nanos(10_000_000));
        world.note_run(due, due);
    }
}

/// Makes a control call. Reports a violation if it takes longer than `limit` plus
/// what the load of the machine explains.
pub fn in_time<T>(world: World, name: &str, limit: u64, call: impl FnOnce() -> T) -> T {
    let began = now();
    world.note_call(began);
    let result = call();
    world.note_call(0);
    let took = now() - began;
    world.count_most(Counter::Longest, took / 1_000_000);
    let late = world.lateness();
    if took > limit * world.pace() + TURNS * late {
        let facts = format_args!(
            "control call {name:?} took {} ms, while ordinary threads ran up to {} ms late",
            took / 1_000_000,
            late / 1_000_000
        );
        world.violation(Counter::SlowViolations, 0, facts);
    }
    result
}

impl Controller {
    /// [`in_time`] in the controller's world.
    pub(super) fn in_time<T>(&self, name: &str, limit: u64, call: impl FnOnce() -> T) -> T {
        in_time(self.world, name, limit, call)
    }
}
