// SPDX-License-Identifier: GPL-2.0

//! Hooks of making and freeing tasks.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::task::{TaskKey, Tgid};

/// Tasks are made and freed.
pub(crate) trait TaskHooks {
    /// The running task is making `child`. [`Self::task_free`] follows even if this fails.
    /// Context: process, may sleep.
    fn task_alloc(child: TaskKey) -> Result;
    /// `child`, a thread of `process`, is about to be put on the list of tasks.
    /// Context: interrupts off, `tasklist_lock` held for writing, never sleeps.
    fn task_publish(child: TaskKey, process: Option<Tgid>) -> Result;
    /// The last reference to `task` is gone. Also called for tasks without `task_alloc`.
    /// Context: any but NMI, never sleeps.
    fn task_free(task: TaskKey);
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Tasks<T>(PhantomData<T>);

impl<T: TaskHooks> Tasks<T> {
    pub(super) extern "C" fn task_alloc(task: *mut bindings::task_struct, _flags: u64) -> c_int {
        from_result(|| T::task_alloc(TaskKey::new(task)).map(|()| 0))
    }

    pub(super) extern "C" fn task_publish(task: *mut bindings::task_struct, _flags: u64) -> c_int {
        // SAFETY: copy_process() owns the new task until the hook has returned, and gave it its ids
        // before.
        let process = Tgid::new(unsafe { (*task).tgid });
        from_result(|| T::task_publish(TaskKey::new(task), process).map(|()| 0))
    }

    pub(super) extern "C" fn task_free(task: *mut bindings::task_struct) {
        T::task_free(TaskKey::new(task));
    }
}
