// SPDX-License-Identifier: GPL-2.0

//! Tasks come, associated as their maker is, and go.

use kernel::prelude::*;

use crate::sys::task::TaskKey;
use crate::table;

/// The running task is making `child`: by `fork`, `clone`, `vfork`, or for an
/// io_uring worker. May sleep. `ENOMEM` makes that call fail: there is never
/// an unassociated child.
pub(super) fn alloc(child: TaskKey) -> Result {
    match table::get() {
        Some(tenants) => tenants.members().inherit(child),
        None => Ok(()),
    }
}

/// `child` is about to become visible. Its maker may have been associated since
/// `alloc`. Never sleeps. `ENOMEM` makes the call fail.
pub(super) fn publish(child: TaskKey) -> Result {
    match table::get() {
        Some(tenants) => tenants.members().catch_up(child),
        None => Ok(()),
    }
}

/// The last reference to `task` is gone. Any context but NMI; never sleeps.
pub(super) fn free(task: TaskKey) {
    if let Some(tenants) = table::get() {
        tenants.members().forget(task);
    }
}
