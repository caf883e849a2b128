// SPDX-License-Identifier: GPL-2.0

//! The credentials of tasks, and keeping them from gaining others. Whose task is whose is for
//! the policy to decide.
//!
//! C header: `include/linux/cred.h`

use core::mem::MaybeUninit;

use super::raw;
use super::task::{MemoryKey, TaskRef};
use crate::policy::{Ids, Thread};

fn ids(raw: &raw::acf_ids) -> Ids {
    Ids {
        users: raw.users,
        groups: raw.groups,
    }
}

/// The ids with which the running task acts. Context: process.
pub(crate) fn acting() -> Ids {
    let mut found = MaybeUninit::uninit();
    // SAFETY: It has no requirements but process context, which control calls have, and fills the
    // local variable.
    unsafe { raw::acf_helper_acting_ids(found.as_mut_ptr()) };
    // SAFETY: acf_helper_acting_ids() always fills all of it.
    ids(&unsafe { found.assume_init() })
}

/// Whether the running task has `CAP_SYS_ADMIN` in its own user namespace. Context: process.
pub(crate) fn administers_namespace() -> bool {
    // SAFETY: It has no requirements but process context, which calls of programs have.
    unsafe { raw::acf_helper_administers_namespace() }
}

impl TaskRef {
    /// What this thread is to the running task, which has `memory` open. Context: process.
    pub(crate) fn seen_with(&self, memory: Option<MemoryKey>) -> Thread {
        let mut found = MaybeUninit::uninit();
        // SAFETY: `self` holds a reference to the task. The helper fills the local variable.
        unsafe { raw::acf_helper_task_creds(self.as_ptr(), found.as_mut_ptr()) };
        // SAFETY: acf_helper_task_creds() always fills all of it.
        let found: raw::acf_creds = unsafe { found.assume_init() };
        Thread {
            ids: ids(&found.ids),
            in_namespace: found.in_namespace,
            exceeds: found.exceeds,
            in_process: found.in_process,
            shown: memory.is_some_and(|memory| self.has_memory(memory)),
        }
    }

    /// Whether the thread gains no right by executing a program. Context: any.
    pub(crate) fn has_no_new_privs(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_no_new_privs(self.as_ptr()) }
    }

    /// Makes it so, for good. Context: any.
    pub(crate) fn set_no_new_privs(&self) {
        // SAFETY: `self` holds a reference to the task, whose flags are changed atomically.
        unsafe { raw::acf_helper_task_set_no_new_privs(self.as_ptr()) };
    }
}

/// As long as this lives, the process executes no program, so that its credentials do not change
/// in this way.
///
/// # Invariants
///
/// The running task holds the `cred_guard_mutex` of the process.
pub(crate) struct CredGuard<'a>(&'a TaskRef);

impl<'a> CredGuard<'a> {
    /// `None` if the process executes a program at this moment, or a tracer attaches to it.
    /// Context: process, never sleeps.
    pub(crate) fn try_new(process: &'a TaskRef) -> Option<Self> {
        // SAFETY: `process` holds a reference to the task, and that to its signal_struct.
        let guarded = unsafe { raw::acf_helper_try_guard_creds(process.as_ptr()) };
        // INVARIANT: The lock was taken above. Else none is made, which would give the lock back.
        guarded.then(|| Self(process))
    }
}

impl Drop for CredGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the running task holds the lock: it is used in one
        // function of a control call, and is not sent to another task. `self.0` keeps the task.
        unsafe { raw::acf_helper_unguard_creds(self.0.as_ptr()) };
    }
}
