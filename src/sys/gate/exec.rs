// SPDX-License-Identifier: GPL-2.0

//! Hooks of executing programs.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::file::FileRef;
use crate::sys::raw;
use crate::sys::task;

/// The running task executes a program. Both may sleep.
pub(crate) trait ExecHooks {
    /// It is about to execute `file`; for a script first the script, and then its interpreter. The
    /// number that is returned, which is not 0, is passed to [`Self::exec_commit`]. An error makes
    /// the execution fail.
    fn exec_check(file: FileRef<'_>) -> Result<Option<u32>>;
    /// It will execute a program for which [`Self::exec_check`] returned this. It is the only
    /// thread of its process. An error kills it before it executes an instruction.
    fn exec_commit(chosen: u32) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Executing<T>(PhantomData<T>);

impl<T: ExecHooks> Executing<T> {
    /// # Safety
    ///
    /// Until this returns, a reference to `file` is held, and `chosen` points to a number that
    /// nobody else uses.
    pub(super) unsafe extern "C" fn exec_check(
        file: *const bindings::file,
        chosen: *mut u32,
    ) -> c_int {
        // SAFETY: hook_bprm_check() passes a field of credentials that no task has yet.
        let chosen = unsafe { &mut *chosen };
        // SAFETY: It passes the file that the `struct linux_binprm` of the running task refers to.
        let file = unsafe { FileRef::new(file.cast_mut()) };
        from_result(|| {
            // A rule has chosen for the script.
            if *chosen == 0 {
                *chosen = file.map_or(Ok(None), T::exec_check)?.unwrap_or(0);
            }
            Ok(0)
        })
    }

    pub(super) extern "C" fn exec_commit(chosen: u32) {
        if T::exec_commit(chosen).is_err() {
            task::kill_current();
        }
    }
}

/// Makes the gate ask about each program that a task executes, as long as it lives.
pub(crate) struct Selection(());

impl Selection {
    /// Begins. There must be no other. Context: process, may sleep.
    pub(crate) fn new() -> Self {
        // SAFETY: It has no requirements but process context: it turns a static key on.
        unsafe { raw::acf_gate_select(true) };
        Self(())
    }
}

impl Drop for Selection {
    /// Ends. Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: It has no requirements but process context: it turns the static key off, which
        // `new` turned on.
        unsafe { raw::acf_gate_select(false) };
    }
}
