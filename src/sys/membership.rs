// SPDX-License-Identifier: GPL-2.0

//! What the gate is told of the membership of tasks, so that it permits by itself what a task may
//! do with any socket of its own association.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use super::raw;
use super::sock::SkRef;
use super::task::TaskRef;

/// What the gate knows of the membership of the running task. To be read before the membership is
/// looked up.
#[derive(Clone, Copy)]
pub(crate) struct Known(u64);

impl Known {
    /// What it knows now. Context: any.
    pub(crate) fn of_current() -> Self {
        // SAFETY: It has no requirements: it reads a word of the running task.
        Self(unsafe { raw::acf_gate_member() })
    }

    /// Tells it that the running task is a member of the association with this id, unless the
    /// task was made a member of another meanwhile. Context: any.
    pub(crate) fn set(self, id: u32) {
        if self.0 as u32 != id {
            // SAFETY: It has no requirements: it changes a word of the running task.
            unsafe { raw::acf_gate_set_member(self.0, id) };
        }
    }
}

/// Whether it is known that the running task is a member of the association that `sk` belongs to.
/// Context: process.
pub(crate) fn is_own(sk: SkRef<'_>) -> bool {
    // SAFETY: By the invariants of `SkRef` the socket is valid and full.
    unsafe { raw::acf_gate_sock_is_own(sk.as_ptr()) }
}

/// Makes the gate forget of which association `task` is a member: it was made one of another.
/// Context: any.
pub(crate) fn forget(task: &TaskRef) {
    // SAFETY: `task` holds a reference to the task.
    unsafe { raw::acf_gate_task_forget(task.as_ptr()) };
}
