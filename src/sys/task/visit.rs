// SPDX-License-Identifier: GPL-2.0

//! Every task there is.

use core::ffi::c_void;
use core::ptr::NonNull;

use kernel::bindings;

use super::{MemoryKey, TaskKey, TaskRef};
use crate::sys::raw;

/// A task seen by [`each`].
pub(crate) struct Visited<'a>(&'a NonNull<bindings::task_struct>);

impl Visited<'_> {
    /// Identity of the task.
    pub(crate) fn key(&self) -> TaskKey {
        TaskKey::new(self.0.as_ptr())
    }

    /// Whether it is a thread of the process that `other` is a thread of.
    pub(crate) fn is_thread_of(&self, other: &TaskRef) -> bool {
        // SAFETY: `each` holds RCU, so the task is valid; so is the other.
        unsafe { raw::acf_helper_task_same_process(self.0.as_ptr(), other.0.as_ptr()) }
    }

    /// Whether this is the task's memory.
    pub(crate) fn has_memory(&self, memory: MemoryKey) -> bool {
        // SAFETY: `each` holds RCU, so the task is valid; the memory is only
        // compared.
        unsafe { raw::acf_helper_task_has_memory(self.0.as_ptr(), memory.as_ptr()) }
    }

    /// Who traces the task, if anybody does.
    pub(crate) fn tracer(&self) -> Option<TaskKey> {
        // SAFETY: `each` holds RCU, so the task is valid.
        let tracer = unsafe { raw::acf_helper_task_tracer(self.0.as_ptr()) };
        (!tracer.is_null()).then(|| TaskKey::new(tracer))
    }

    /// A reference to the task.
    pub(crate) fn hold(&self) -> TaskRef {
        // SAFETY: `each` holds RCU, under which a task that is on the lists
        // has a reference count.
        unsafe { raw::acf_helper_task_get(self.0.as_ptr()) };
        // INVARIANT: Taken above.
        TaskRef(*self.0)
    }

    /// Its process id in the caller's pid namespace, if it has one there.
    pub(crate) fn process_id(&self) -> Option<i32> {
        // SAFETY: `each` holds RCU, so the task is valid.
        match unsafe { raw::acf_helper_task_tgid_here(self.0.as_ptr()) } {
            0 => None,
            pid => Some(pid),
        }
    }
}

/// Calls `visit` for every thread of every process until it returns `false`.
/// `visit` runs under RCU and must not sleep.
pub(crate) fn each<F: FnMut(Visited<'_>) -> bool>(mut visit: F) {
    /// # Safety
    ///
    /// `data` is an exclusive pointer to an `F`, and `task` is valid.
    unsafe extern "C" fn call<F: FnMut(Visited<'_>) -> bool>(
        task: *mut bindings::task_struct,
        data: *mut c_void,
    ) -> bool {
        let Some(task) = NonNull::new(task) else {
            return true;
        };
        // SAFETY: By the function's contract.
        let visit = unsafe { &mut *data.cast::<F>() };
        visit(Visited(&task))
    }

    let data: *mut F = &mut visit;
    // SAFETY: The helper calls `call::<F>` with a valid task and `data`, which
    // is an exclusive pointer to an `F`, and only until it returns.
    unsafe { raw::acf_helper_each_task(Some(call::<F>), data.cast()) };
}
