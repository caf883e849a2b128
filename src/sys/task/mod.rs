// SPDX-License-Identifier: GPL-2.0

//! Tasks: their identity, how they are named from outside, and who there is.
//!
//! C header: `include/linux/sched/task.h`

mod key;
mod sockets;
mod visit;

pub(crate) use key::{FilesKey, MemoryKey, TaskKey};
pub(crate) use visit::each;

use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::from_err_ptr;
use kernel::ffi;
use kernel::prelude::*;
use kernel::task::Task;

use super::raw;
use super::sock::SkRef;

/// A reference to a task.
///
/// # Invariants
///
/// Holds a reference count of the task.
#[repr(transparent)]
pub(crate) struct TaskRef(NonNull<bindings::task_struct>);

impl TaskRef {
    /// The running task, which stands for its process.
    pub(crate) fn current_process() -> Self {
        let task = Task::current_raw();
        // SAFETY: The running task is valid.
        unsafe { raw::acf_helper_task_get(task) };
        // SAFETY: It is not null.
        // INVARIANT: The reference was taken above.
        Self(unsafe { NonNull::new_unchecked(task) })
    }

    /// The process with `pid` in the caller's pid namespace. May sleep.
    pub(crate) fn by_pid(pid: i32) -> Result<Self> {
        // SAFETY: An FFI call with no requirements; it takes a reference.
        let task = unsafe { raw::acf_helper_task_by_pid(pid) };
        // INVARIANT: The reference was taken above.
        NonNull::new(task).map(Self).ok_or(ESRCH)
    }

    /// The process a pidfd of the caller refers to. May sleep.
    pub(crate) fn by_pidfd(fd: i32) -> Result<Self> {
        // SAFETY: An FFI call with no requirements; it takes a reference.
        let task = from_err_ptr(unsafe { raw::acf_gate_pidfd_task(fd) })?;
        // INVARIANT: The reference was taken above.
        NonNull::new(task).map(Self).ok_or(ESRCH)
    }

    /// Identity of the task.
    pub(crate) fn key(&self) -> TaskKey {
        TaskKey::new(self.0.as_ptr())
    }

    /// Whether it is a kernel thread.
    pub(crate) fn is_kernel_thread(&self) -> bool {
        // SAFETY: By the type invariants the task is valid.
        unsafe { raw::acf_helper_task_is_kernel(self.0.as_ptr()) }
    }

    /// The threads of this task's process that have not begun to exit. May
    /// sleep.
    pub(crate) fn threads(&self) -> Result<KVVec<TaskRef>> {
        self.collect(raw::acf_helper_threads)
    }

    /// Those descendants of this task's process that had not exited, at one moment.
    /// May sleep.
    pub(crate) fn descendants(&self) -> Result<KVVec<TaskRef>> {
        self.collect(raw::acf_gate_descendants)
    }

    pub(in crate::sys) fn as_ptr(&self) -> *mut bindings::task_struct {
        self.0.as_ptr()
    }

    /// The id of its process in the caller's pid namespace; `None` if it has none
    /// there.
    pub(crate) fn process_id(&self) -> Option<i32> {
        // SAFETY: By the type invariants the task is valid.
        let pid = unsafe { raw::acf_helper_task_tgid_here(self.0.as_ptr()) };
        (pid != 0).then_some(pid)
    }

    /// Whether this is its memory.
    pub(crate) fn has_memory(&self, memory: MemoryKey) -> bool {
        // SAFETY: By the type invariants the task is valid; the memory is only
        // compared.
        unsafe { raw::acf_helper_task_has_memory(self.0.as_ptr(), memory.as_ptr()) }
    }

    /// Whether it has memory, and that is another's as well.
    pub(crate) fn shares_memory(&self, other: &TaskRef) -> bool {
        // SAFETY: By the type invariants both are valid.
        unsafe { raw::acf_helper_task_shares_memory(self.0.as_ptr(), other.0.as_ptr()) }
    }

    /// Its table of descriptors; `None` when it has none any more.
    pub(crate) fn files(&self) -> Option<FilesKey> {
        // SAFETY: By the type invariants the task is valid.
        FilesKey::new(unsafe { raw::acf_helper_task_files(self.0.as_ptr()) })
    }

    /// Whether this thread traces anybody.
    pub(crate) fn traces(&self) -> bool {
        // SAFETY: By the type invariants the task is valid.
        unsafe { raw::acf_helper_task_traces(self.0.as_ptr()) }
    }

    /// Whether it sleeps in a system call that only waits (`epoll_wait`,
    /// `futex`), and gets no data.
    pub(crate) fn only_waits(&self) -> bool {
        // SAFETY: By the type invariants the task is valid.
        unsafe { raw::acf_helper_task_only_waits(self.0.as_ptr()) }
    }

    /// Whether it waits in a call on this socket.
    pub(crate) fn waits_on(&self, sk: SkRef<'_>) -> bool {
        // SAFETY: The task and the socket are valid by the type invariants.
        unsafe { raw::acf_helper_task_waits_on(self.0.as_ptr(), sk.as_ptr()) }
    }

    /// Has it come back from the system call it sleeps in, and begin it anew,
    /// as if it had been stopped and continued.
    pub(crate) fn recall(&self) {
        // SAFETY: By the type invariants the task is valid.
        unsafe { raw::acf_helper_task_recall(self.0.as_ptr()) };
    }

    /// Whether it was recalled and did not come back yet.
    pub(crate) fn is_recalled(&self) -> bool {
        // SAFETY: By the type invariants the task is valid.
        unsafe { raw::acf_helper_task_recalled(self.0.as_ptr()) }
    }

    fn collect(&self, fill: Fill) -> Result<KVVec<TaskRef>> {
        let mut room = 16_usize;
        loop {
            let mut tasks = KVVec::<TaskRef>::with_capacity(room, GFP_KERNEL)?;
            // SAFETY: The task is valid by the type invariants; the vector has
            // room for as many pointers, as which `TaskRef` is represented,
            // and the helper fills that many at most.
            let count =
                unsafe { fill(self.0.as_ptr(), tasks.as_mut_ptr().cast(), room.try_into()?) }
                    as usize;
            // SAFETY: The helper initialised that many, each with a reference.
            // INVARIANT: It took a reference to each.
            unsafe { tasks.inc_len(count.min(room)) };
            if count <= room {
                return Ok(tasks);
            }
            room = count.checked_mul(2).ok_or(ENOMEM)?;
        }
    }
}

type Fill = unsafe extern "C" fn(
    *mut bindings::task_struct,
    *mut *mut bindings::task_struct,
    ffi::c_uint,
) -> ffi::c_uint;

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariants the task is valid.
        unsafe { raw::acf_helper_task_get(self.0.as_ptr()) };
        // INVARIANT: Taken above.
        Self(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to let go.
        unsafe { raw::acf_helper_task_put(self.0.as_ptr()) };
    }
}

// SAFETY: A reference to a task may be used and let go on any thread.
unsafe impl Send for TaskRef {}

/// Whether the running task has `CAP_NET_ADMIN` in the initial user namespace.
pub(crate) fn capable_net_admin() -> bool {
    // SAFETY: An FFI call with no requirements beyond process context, which
    // control calls have.
    unsafe { bindings::capable(bindings::CAP_NET_ADMIN as i32) }
}

/// Waits until every task for which `task_publish` was called before can be
/// found by [`TaskRef::threads`] and [`each`].
pub(crate) fn wait_for_clones() {
    // SAFETY: An FFI call with no requirements beyond not being in interrupt
    // context, which control calls are not.
    unsafe { raw::acf_gate_task_barrier() };
}

/// Whether the running task is to return to user space for a signal, or because
/// it was recalled.
pub(crate) fn is_interrupted() -> bool {
    // SAFETY: An FFI call about the running task, which is valid.
    unsafe { raw::acf_helper_interrupted() }
}
