// SPDX-License-Identifier: GPL-2.0

//! Having others do it: an associated task may trace and look into its own kind
//! only, write no memory but theirs, inject no packets, and load no BPF programs.
//! Never sleeps.

use kernel::prelude::*;

use crate::sys::file::FileRef;
use crate::sys::task::TaskKey;
use crate::table::{self, Association};

/// The running task asks for what a tracer may do with `task`: to trace it,
/// write its memory, take its descriptors. Or to look into it, by which it would
/// open under `/proc` what `task` has open: a pipe that it obeys, memory that it
/// shares.
pub(super) fn access(task: TaskKey) -> Result {
    match super::current() {
        Some(association) => may_trace(&association, task),
        None => Ok(()),
    }
}

/// The running task asks to be traced by `tracer`.
pub(super) fn traceme(tracer: TaskKey) -> Result {
    match table::get().and_then(|t| t.members().association(tracer)) {
        Some(association) => may_trace(&association, TaskKey::current()),
        None => Ok(()),
    }
}

/// The running task reads, writes or maps `file`, or gets it from another: it may
/// have come by it before it was associated, and where no descriptor shows it.
pub(super) fn use_file(file: FileRef<'_>) -> Result {
    let Some(association) = super::current() else {
        return Ok(());
    };
    let may = match file.memory() {
        Some(memory) => {
            memory.is_current()
                || table::get().is_some_and(|t| t.members().has_memory(&association, memory))
        }
        None => !file.is_network_device() && !file.is_polled_elsewhere(),
    };
    if may {
        Ok(())
    } else {
        Err(EACCES)
    }
}

/// The running task types into a terminal, where an unassociated shell may obey.
pub(super) fn terminal_input() -> Result {
    match super::current() {
        Some(_) => Err(EPERM),
        None => Ok(()),
    }
}

/// The running task calls `bpf()`.
pub(super) fn bpf() -> Result {
    match super::current() {
        Some(_) => Err(EPERM),
        None => Ok(()),
    }
}

/// Whether tasks of `association` may trace `task`: of the same association, or
/// of a part of it.
fn may_trace(association: &Association, task: TaskKey) -> Result {
    match table::get().and_then(|t| t.members().association(task)) {
        Some(theirs) if theirs.is_within(association) => Ok(()),
        _ => Err(EPERM),
    }
}
