// SPDX-License-Identifier: GPL-2.0

//! Children are associated as their makers are, and the dead are forgotten.

use kernel::prelude::*;

use crate::sys::gate::TaskHooks;
use crate::sys::task::TaskKey;
use crate::table;

/// The life of tasks.
pub(crate) enum Tasks {}

impl TaskHooks for Tasks {
    /// By `fork`, `clone`, `vfork`, or for an io_uring worker. `ENOMEM` makes that
    /// call fail: there is never an unassociated child.
    fn task_alloc(child: TaskKey) -> Result {
        match table::get() {
            Some(tenants) => tenants.members().inherit(child),
            None => Ok(()),
        }
    }

    /// The maker may have been associated since `task_alloc`. `ENOMEM` makes the
    /// call fail.
    fn task_publish(child: TaskKey) -> Result {
        match table::get() {
            Some(tenants) => tenants.members().catch_up(child),
            None => Ok(()),
        }
    }

    fn task_free(task: TaskKey) {
        if let Some(tenants) = table::get() {
            tenants.members().forget(task);
        }
    }
}
