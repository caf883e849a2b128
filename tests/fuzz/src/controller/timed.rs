// SPDX-License-Identifier: GPL-2.0

//! No control call takes long, whatever tenants do meanwhile.

use std::thread::sleep;
use std::time::Duration;

use super::Controller;
use crate::sys::process::now;
use crate::world::{Counter, World};

const SECOND: u64 = 1_000_000_000;

/// How long a control call may take on an ordinary kernel, in nanoseconds. The
/// controller goes before all others, so a call that takes long waits for a tenant.
pub const LIMIT: u64 = 5 * SECOND;

/// How long associating may take. It has a patience of ten seconds with memory that
/// the process keeps locked or changes, of ten more with threads that do not come
/// back from the calls they are in, and of ten more with processes that are made
/// faster than they can be looked through.
pub const ASSIGN_LIMIT: u64 = 3 * 10 * SECOND + LIMIT;

/// How often a call may have to wait for a thread of the kernel to run.
const TURNS: u64 = 10;

/// Is an ordinary thread that measures how late such threads run: as late run those
/// of the kernel that a call waits for, on a machine with more to do than it can.
pub fn be_ordinary(world: World) {
    while !world.stopped() {
        let due = now() + 10_000_000;
        world.note_run(due, due);
        sleep(Duration::from_nanos(10_000_000));
        world.note_run(due, due);
    }
}

/// Makes a control call. It is a violation when that takes longer than `limit`, and
/// than what is to be expected for want of processors.
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
            "a control call took {} ms, while others ran {} ms late: {name}",
            took / 1_000_000,
            late / 1_000_000
        );
        world.violation(Counter::SlowViolations, 0, facts);
    }
    result
}

impl Controller {
    /// Makes a control call, as [`in_time`].
    pub(super) fn in_time<T>(&self, name: &str, limit: u64, call: impl FnOnce() -> T) -> T {
        in_time(self.world, name, limit, call)
    }
}
