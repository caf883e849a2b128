// SPDX-License-Identifier: GPL-2.0

//! Enumerating all tasks, or those of a process.

use core::ffi::c_void;
use core::ptr::NonNull;

use kernel::bindings;

use super::{MemoryKey, TaskKey, TaskRef, Tgid};
use crate::sys::raw;

/// A task that [`each`] or [`each_thread`] visits.
///
/// # Invariants
///
/// The function found the task on a list, and holds rcu_read_lock() as long as this lives. So the task
/// is valid and has a reference: release_task() drops that of the lists a grace period later
/// (delayed_put_task_struct()).
pub(crate) struct Visited<'a>(&'a NonNull<bindings::task_struct>);

impl Visited<'_> {
    /// Identity of the task.
    pub(crate) fn key(&self) -> TaskKey {
        TaskKey::new(self.0.as_ptr())
    }

    /// Whether it is a thread of the same process as `other`.
    pub(crate) fn is_thread_of(&self, other: &TaskRef) -> bool {
        // SAFETY: By the type invariants the task is valid. `other` holds a reference to the other.
        unsafe { raw::acf_helper_task_same_process(self.0.as_ptr(), other.0.as_ptr()) }
    }

    /// Whether `memory` is the memory of the task.
    pub(crate) fn has_memory(&self, memory: MemoryKey) -> bool {
        // SAFETY: By the type invariants the task is valid. The address of the memory is only
        // compared.
        unsafe { raw::acf_helper_task_has_memory(self.0.as_ptr(), memory.as_ptr()) }
    }

    /// The tracer of the task, if it is traced.
    pub(crate) fn tracer(&self) -> Option<TaskKey> {
        // SAFETY: By the type invariants the task is valid.
        let tracer = unsafe { raw::acf_helper_task_tracer(self.0.as_ptr()) };
        (!tracer.is_null()).then(|| TaskKey::new(tracer))
    }

    /// A reference to the task.
    pub(crate) fn hold(&self) -> TaskRef {
        // SAFETY: By the type invariants the task has a reference, so its count is not zero.
        unsafe { raw::acf_helper_task_get(self.0.as_ptr()) };
        // INVARIANT: The reference was taken above.
        TaskRef(*self.0)
    }

    /// The id of its process in the caller's pid namespace; `None` if it has none there.
    pub(crate) fn process_id(&self) -> Option<i32> {
        // SAFETY: By the type invariants the task is valid.
        match unsafe { raw::acf_helper_task_tgid_here(self.0.as_ptr()) } {
            0 => None,
            pid => Some(pid),
        }
    }
}

/// Calls `visit` for every thread of every process until it returns `false`. `visit` runs under
/// RCU and must not sleep. Context: any.
pub(crate) fn each<F: FnMut(Visited<'_>) -> bool>(mut visit: F) {
    let data: *mut F = &mut visit;
    // SAFETY: The helper calls `call::<F>` under RCU, with tasks of the list and `data`, a pointer
    // to `visit` that nothing else uses meanwhile, and only until it returns.
    unsafe { raw::acf_helper_each_task(Some(call::<F>), data.cast()) };
}

/// Calls `visit` for every thread of the process with this id, if there is one, until it returns
/// `false`. `visit` runs under RCU and must not sleep. Context: any.
pub(crate) fn each_thread<F: FnMut(Visited<'_>) -> bool>(process: Tgid, mut visit: F) {
    let data: *mut F = &mut visit;
    // SAFETY: As in `each`.
    unsafe { raw::acf_helper_each_thread(process.number(), Some(call::<F>), data.cast()) };
}

/// Calls the `F` at `data`.
///
/// # Safety
///
/// Until this returns, `data` points to an `F` that nothing else uses, and `task` is null or a task
/// on the list of tasks, under rcu_read_lock().
unsafe extern "C" fn call<F: FnMut(Visited<'_>) -> bool>(
    task: *mut bindings::task_struct,
    data: *mut c_void,
) -> bool {
    let Some(task) = NonNull::new(task) else {
        return true;
    };
    // SAFETY: `data` is what `each` or `each_thread` passed with this function.
    let visit = unsafe { &mut *data.cast::<F>() };
    // INVARIANT: The helper found `task` on the list, and holds RCU meanwhile.
    visit(Visited(&task))
}
