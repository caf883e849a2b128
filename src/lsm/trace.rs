// SPDX-License-Identifier: GPL-2.0

//! Having others do it: an associated task may trace and look into its own kind
//! only, type into no terminal, and load no BPF programs. Never sleeps.

use kernel::prelude::*;

use crate::sys::gate::TraceHooks;
use crate::sys::task::TaskKey;
use crate::table::{self, Association};

use super::current;

/// The rules for others.
pub(crate) enum Trace {}

impl TraceHooks for Trace {
    /// To trace a task, write its memory, take its descriptors. Or to look into it,
    /// by which the running task would open under `/proc` what the other has open: a
    /// pipe that it obeys, memory that it shares.
    fn ptrace_access(task: TaskKey) -> Result {
        match current() {
            Some(association) => permit_trace(&association, task),
            None => Ok(()),
        }
    }

    fn ptrace_traceme(tracer: TaskKey) -> Result {
        match table::get().and_then(|t| t.members().association(tracer)) {
            Some(association) => permit_trace(&association, TaskKey::current()),
            None => Ok(()),
        }
    }

    /// An unassociated shell may obey.
    fn terminal_input() -> Result {
        permit_outside()
    }

    fn bpf() -> Result {
        permit_outside()
    }
}

/// Permits what no associated task may do.
fn permit_outside() -> Result {
    match current() {
        Some(_) => Err(EPERM),
        None => Ok(()),
    }
}

/// Decides whether tasks of `association` may trace `task`: of the same association,
/// or of a part of it.
fn permit_trace(association: &Association, task: TaskKey) -> Result {
    match table::get().and_then(|t| t.members().association(task)) {
        Some(theirs) if theirs.is_within(association) => Ok(()),
        _ => Err(EPERM),
    }
}
