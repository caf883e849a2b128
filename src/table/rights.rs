// SPDX-License-Identifier: GPL-2.0

//! Keeping a process from gaining rights by executing programs, where it gets a loopback of its
//! own. A set-user-id program would mistake that loopback for the machine's, and trust the user's
//! server there as a service of root's. Context: process, may sleep.

use kernel::prelude::*;

use crate::sys::task::{self, TaskRef};

/// Makes every thread of a process gain no rights by executing programs, for good, and those that
/// they make. `look` is called with the threads at each look, and may fail. The caller holds the
/// `cred_guard_mutex` of the process: one with more rights has begun before, or begins afterwards,
/// without these rights.
///
/// # Errors
///
/// Those of `look`; `ESRCH` when the process has exited, `ENOMEM`. Threads may have lost rights.
pub(super) fn renounce(process: &TaskRef, mut look: impl FnMut(&[TaskRef]) -> Result) -> Result {
    loop {
        let threads = process.threads()?;
        look(&threads)?;
        if threads.iter().all(TaskRef::has_no_new_privs) {
            return Ok(());
        }
        threads.iter().for_each(TaskRef::set_no_new_privs);
        // A task that was being made may have copied the flag before.
        task::wait_for_clones();
    }
}
