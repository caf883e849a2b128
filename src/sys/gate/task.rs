// SPDX-License-Identifier: GPL-2.0

//! Tasks come and go.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::task::TaskKey;

/// Tasks come and go.
pub(crate) trait TaskHooks {
    /// The running task is making `child`. May sleep.
    fn task_alloc(child: TaskKey) -> Result;
    /// `child` is about to become visible. Interrupts are off and
    /// `tasklist_lock` is held: must not sleep.
    fn task_publish(child: TaskKey) -> Result;
    /// `task` is gone. Any context but NMI; must not sleep.
    fn task_free(task: TaskKey);
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Tasks<T>(PhantomData<T>);

impl<T: TaskHooks> Tasks<T> {
    pub(super) extern "C" fn task_alloc(task: *mut bindings::task_struct, _flags: u64) -> c_int {
        from_result(|| T::task_alloc(TaskKey::new(task)).map(|()| 0))
    }

    pub(super) extern "C" fn task_publish(task: *mut bindings::task_struct, _flags: u64) -> c_int {
        from_result(|| T::task_publish(TaskKey::new(task)).map(|()| 0))
    }

    pub(super) extern "C" fn task_free(task: *mut bindings::task_struct) {
        T::task_free(TaskKey::new(task));
    }
}
