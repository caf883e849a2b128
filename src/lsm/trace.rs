// SPDX-License-Identifier: GPL-2.0

//! Acting through other tasks. An associated task may trace, and read the state of, tasks of its
//! association and the parts of that only. It may not type into a terminal or call `bpf()`.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::events::Operation;
use crate::policy::Refusal;
use crate::sys::gate::TraceHooks;
use crate::sys::task::TaskKey;
use crate::table::{self, Association};

use super::{current, Call};

/// The rules for acting through other tasks.
pub(crate) enum Trace {}

impl TraceHooks for Trace {
    /// Covers tracing a task, writing its memory, taking its descriptors, and reading its state.
    /// With the right to read, the running task could open through `/proc` what the other task has
    /// open, such as a pipe that it obeys or memory that it shares.
    fn ptrace_access(task: TaskKey, is_noted: bool) -> Result {
        match current() {
            Some(association) => permit_trace(&association, TaskKey::current(), task, is_noted),
            None => Ok(()),
        }
    }

    fn ptrace_traceme(tracer: TaskKey) -> Result {
        match table::get().and_then(|t| t.members().association(tracer)) {
            Some(association) => permit_trace(&association, tracer, TaskKey::current(), true),
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

/// Permits unassociated tasks only.
fn permit_outside() -> Result {
    match current() {
        Some(own) => Err(Call::new(&own, Operation::Trace).refuse(Refusal::ForMembers)),
        None => Ok(()),
    }
}

/// Decides whether `tracer`, a member of `association`, may trace `task`: only if that is a member
/// of the association, or of a part of it. `is_noted`: whether a refusal is counted and told.
fn permit_trace(
    association: &Association,
    tracer: TaskKey,
    task: TaskKey,
    is_noted: bool,
) -> Result {
    // Who is being moved may be put back, and trace on or be traced on.
    let may = table::get().is_some_and(|table| {
        let members = table.members();
        let is_within = |theirs: Arc<Association>| theirs.is_within(association);
        !members.is_moving(tracer)
            && members.association(task).is_some_and(is_within)
            && !members.is_moving(task)
    });
    match (may, is_noted) {
        (true, _) => Ok(()),
        (false, false) => Err(EPERM),
        (false, true) => {
            let call = Call::new(association, Operation::Trace);
            Err(call.refuse_quietly(Refusal::ProcessOutside))
        }
    }
}
