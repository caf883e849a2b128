// SPDX-License-Identifier: GPL-2.0

//! No control call takes long, whatever tenants do meanwhile.

use super::Controller;
use crate::sys::process::now;
use crate::world::{Counter, World};

const SECOND: u64 = 1_000_000_000;

/// How long a control call may take on an ordinary kernel, in nanoseconds. Whoever
/// makes it goes before all others, so what takes long waits for a tenant.
pub const LIMIT: u64 = 5 * SECOND;

/// How long associating may take. It has a patience of ten seconds with memory that
/// the process keeps locked or changes, of ten more with threads that do not come
/// back from the calls they are in, and of ten more with processes that are made
/// faster than they can be looked through.
pub const ASSIGN_LIMIT: u64 = 3 * 10 * SECOND + LIMIT;

/// Makes a control call. It is a violation when that takes longer than `limit`.
pub fn in_time<T>(world: World, name: &str, limit: u64, call: impl FnOnce() -> T) -> T {
    let began = now();
    let result = call();
    let took = now() - began;
    if took > limit * world.pace() {
        let facts = format_args!("a control call took {} ms: {name}", took / 1_000_000);
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
