// SPDX-License-Identifier: GPL-2.0

//! Acting through other tasks. An associated task may trace, and read the state of, tasks of its
//! association and the parts of that only. It may not type into a terminal or call `bpf()`.

use kernel::prelude::*;

use crate::sys::gate::TraceHooks;
use crate::sys::task::TaskKey;
use crate::table::{self, Association};

use super::current;

/// The rules for acting through other tasks.
pub(crate) enum Trace {}

impl TraceHooks for Trace {
    /// Covers tracing a task, writing its memory, taking its descriptors, and reading its state.
    /// With the right to read, the running task could open through `/proc` what the other task has
    /// open, such as a pipe that it obeys or memory that it shares.
    fn ptrace_access(task: TaskKey) -> Result {
        match current() {
            Some(association) => {
                permit_settled(TaskKey::current())?;
                permit_trace(&association, task)
            }
            None => Ok(()),
        }
    }

    fn ptrace_traceme(tracer: TaskKey) -> Result {
        match table::get().and_then(|t| t.members().association(tracer)) {
            Some(association) => {
                permit_settled(tracer)?;
                permit_trace(&association, TaskKey::current())
            }
            None => Ok(()),
        }
    }

    /// An unassociated shell might read the input and obey.
    fn terminal_input() -> Result {
        permit_outside()
    }

    fn bpf() -> Result {
        permit_outside()
    }
}

/// Refuses a tracer that is moved to an association, as it may be put back, and trace on.
fn permit_settled(tracer: TaskKey) -> Result {
    match table::get().is_some_and(|t| t.members().is_moving(tracer)) {
        true => Err(EPERM),
        false => Ok(()),
    }
}

/// Permits unassociated tasks only.
fn permit_outside() -> Result {
    match current() {
        Some(_) => Err(EPERM),
        None => Ok(()),
    }
}

/// Decides whether tasks of `association` may trace `task`: only if it is a member of that, or of
/// a part of it.
fn permit_trace(association: &Association, task: TaskKey) -> Result {
    let Some(table) = table::get() else {
        return Err(EPERM);
    };
    match table.members().association(task) {
        // One that is moved here may be put back, with its tracer.
        Some(theirs) if theirs.is_within(association) && !table.members().is_moving(task) => Ok(()),
        _ => Err(EPERM),
    }
}
