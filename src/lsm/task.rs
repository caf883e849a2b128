// SPDX-License-Identifier: GPL-2.0

//! A new task joins the association of the task that makes it, and leaves when it is freed.

use kernel::prelude::*;

use crate::sys::gate::TaskHooks;
use crate::sys::task::{TaskKey, Tgid};
use crate::table;

/// The rules for new tasks.
pub(crate) enum Tasks {}

impl TaskHooks for Tasks {
    /// The call is `fork`, `clone` or `vfork`, or makes an io_uring worker. `ENOMEM` makes it
    /// fail: a member never has an unassociated child.
    fn task_alloc(child: TaskKey) -> Result {
        match table::get() {
            Some(tenants) => tenants.members().inherit(child),
            None => Ok(()),
        }
    }

    /// The maker of `child` may have been associated since `task_alloc`. `ENOMEM` makes the call
    /// fail.
    fn task_publish(child: TaskKey, process: Option<Tgid>) -> Result {
        match table::get() {
            Some(tenants) => tenants.members().catch_up(child, process),
            None => Ok(()),
        }
    }

    fn task_free(task: TaskKey) {
        if let Some(tenants) = table::get() {
            tenants.members().forget(task);
        }
    }
}
