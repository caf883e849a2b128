// SPDX-License-Identifier: GPL-2.0

//! Tasks: their identity, finding them by pid, and enumerating them.
//!
//! C header: `include/linux/sched/task.h`

mod group;
mod key;
mod sockets;
mod visit;

pub(crate) use group::GroupPath;
pub(crate) use key::{FilesKey, MemoryKey, TaskKey, Tgid};
pub(crate) use visit::{each, each_thread, Visited};

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
/// Holds a reference to the task.
#[repr(transparent)]
pub(crate) struct TaskRef(NonNull<bindings::task_struct>);

impl TaskRef {
    /// The running task, which stands for its process. Context: process, never sleeps.
    pub(crate) fn current_process() -> Self {
        let task = Task::current_raw();
        // SAFETY: `task` is the running task, which lives during this call.
        unsafe { raw::acf_helper_task_get(task) };
        // SAFETY: `current` is never null.
        // INVARIANT: The reference was taken above.
        Self(unsafe { NonNull::new_unchecked(task) })
    }

    /// Makes the gate forward the task's hooks from now on, and those of the tasks that it
    /// makes. Context: any.
    pub(crate) fn tag(&self) {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_gate_task_tag(self.0.as_ptr()) };
    }

    /// The process with `pid` in the caller's pid namespace. Context: process.
    ///
    /// # Errors
    ///
    /// `ESRCH` when there is none, or `pid` is that of another thread than its first.
    pub(crate) fn by_pid(pid: i32) -> Result<Self> {
        // SAFETY: It has no requirements: any number may be looked up.
        let task = unsafe { raw::acf_helper_task_by_pid(pid) };
        // INVARIANT: get_pid_task() took a reference.
        NonNull::new(task).map(Self).ok_or(ESRCH)
    }

    /// The process to which a pidfd of the caller refers. Context: process.
    ///
    /// # Errors
    ///
    /// `EBADF` when `fd` is not a pidfd, `ESRCH` when the process is gone.
    pub(crate) fn by_pidfd(fd: i32) -> Result<Self> {
        // SAFETY: It has no requirements but process context, which control calls have.
        let task = from_err_ptr(unsafe { raw::acf_gate_pidfd_task(fd) })?;
        // INVARIANT: pidfd_get_task() took a reference.
        NonNull::new(task).map(Self).ok_or(ESRCH)
    }

    /// Identity of the task.
    pub(crate) fn key(&self) -> TaskKey {
        TaskKey::new(self.0.as_ptr())
    }

    /// Whether it is a kernel thread.
    pub(crate) fn is_kernel_thread(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_is_kernel(self.0.as_ptr()) }
    }

    /// The threads of this task's process that have not begun to exit. `ENOMEM`.
    /// Context: process, may sleep.
    pub(crate) fn threads(&self) -> Result<KVVec<TaskRef>> {
        self.collect(raw::acf_helper_threads)
    }

    /// The descendants that this task's process has at one moment, without those that have
    /// exited. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn descendants(&self) -> Result<KVVec<TaskRef>> {
        self.collect(raw::acf_gate_descendants)
    }

    pub(in crate::sys) fn as_ptr(&self) -> *mut bindings::task_struct {
        self.0.as_ptr()
    }

    /// The id of its process in the caller's pid namespace; `None` if it has none there.
    pub(crate) fn process_id(&self) -> Option<i32> {
        // SAFETY: `self` holds a reference to the task.
        let pid = unsafe { raw::acf_helper_task_tgid_here(self.0.as_ptr()) };
        (pid != 0).then_some(pid)
    }

    /// The id of its process in the initial pid namespace. Context: any.
    pub(crate) fn tgid(&self) -> Option<Tgid> {
        // SAFETY: `self` holds a reference to the task, whose `tgid` does not change.
        Tgid::new(unsafe { (*self.0.as_ptr()).tgid })
    }

    /// Whether `memory` is the memory of the task.
    pub(crate) fn has_memory(&self, memory: MemoryKey) -> bool {
        // SAFETY: `self` holds a reference to the task. The address of the memory is only
        // compared.
        unsafe { raw::acf_helper_task_has_memory(self.0.as_ptr(), memory.as_ptr()) }
    }

    /// Whether the task has memory and shares it with `other`.
    pub(crate) fn shares_memory(&self, other: &TaskRef) -> bool {
        // SAFETY: `self` and `other` hold references to both tasks.
        unsafe { raw::acf_helper_task_shares_memory(self.0.as_ptr(), other.0.as_ptr()) }
    }

    /// Its table of descriptors; `None` when the task has given it up, to exit.
    pub(crate) fn files(&self) -> Option<FilesKey> {
        // SAFETY: `self` holds a reference to the task.
        FilesKey::new(unsafe { raw::acf_helper_task_files(self.0.as_ptr()) })
    }

    /// Whether this thread has begun to exit.
    pub(crate) fn exits(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_exits(self.0.as_ptr()) }
    }

    /// Whether the kernel made this thread for an io_uring of the process.
    pub(crate) fn serves_ring(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_serves_ring(self.0.as_ptr()) }
    }

    /// Whether this thread traces another.
    pub(crate) fn traces(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_traces(self.0.as_ptr()) }
    }

    /// Whether it sleeps in a system call that only waits and returns no data (`epoll_wait`,
    /// `futex`).
    pub(crate) fn only_waits(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_only_waits(self.0.as_ptr()) }
    }

    /// Whether it waits until this socket has something, as far as its state shows.
    pub(crate) fn waits_on(&self, sk: SkRef<'_>) -> bool {
        // SAFETY: `self` holds a reference to the task, which is only compared. By the invariants
        // of `SkRef` the socket is valid.
        unsafe { raw::acf_helper_task_waits_on(self.0.as_ptr(), sk.as_ptr()) }
    }

    /// Interrupts the system call in which the task sleeps. The task enters the call again, as
    /// after `SIGSTOP` and `SIGCONT`. Context: any.
    pub(crate) fn recall(&self) {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_recall(self.0.as_ptr()) };
    }

    /// Whether it was recalled, and is still in the call from before.
    pub(crate) fn is_recalled(&self) -> bool {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_recalled(self.0.as_ptr()) }
    }

    fn collect(&self, fill: Fill) -> Result<KVVec<TaskRef>> {
        let mut room = 16_usize;
        loop {
            let mut tasks = KVVec::<TaskRef>::with_capacity(room, GFP_KERNEL)?;
            // SAFETY: `self` holds a reference to the task. The vector has room for `room`
            // pointers, as `TaskRef` is represented by one, and `fill` writes at most that many.
            let count =
                unsafe { fill(self.0.as_ptr(), tasks.as_mut_ptr().cast(), room.try_into()?) }
                    as usize;
            // SAFETY: `fill` initialised `count` elements, or `room` if that is less.
            // INVARIANT: It took a reference to each of them.
            unsafe { tasks.inc_len(count.min(room)) };
            if count <= room {
                return Ok(tasks);
            }
            room = count.checked_mul(2).ok_or(ENOMEM)?;
        }
    }
}

/// A function that writes up to a number of tasks to an array, with a reference to each, and
/// returns how many there are, or any greater number than fit.
type Fill = unsafe extern "C" fn(
    *mut bindings::task_struct,
    *mut *mut bindings::task_struct,
    ffi::c_uint,
) -> ffi::c_uint;

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference to the task.
        unsafe { raw::acf_helper_task_get(self.0.as_ptr()) };
        // INVARIANT: The reference was taken above.
        Self(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to put, and `self` is not used again.
        unsafe { raw::acf_helper_task_put(self.0.as_ptr()) };
    }
}

// SAFETY: References to tasks are counted atomically: any thread may use and put them.
unsafe impl Send for TaskRef {}

/// Whether the running task has `CAP_NET_ADMIN` in the initial user namespace.
pub(crate) fn capable_net_admin() -> bool {
    // SAFETY: It requires process context, which control calls have, and a valid capability.
    unsafe { bindings::capable(bindings::CAP_NET_ADMIN as i32) }
}

/// The real user and group id of the running task, in the initial user namespace.
/// Context: process.
pub(crate) fn current_ids() -> (u32, u32) {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: It has no requirements but process context, and fills the two local variables.
    unsafe { raw::acf_helper_current_ids(&mut uid, &mut gid) };
    (uid, gid)
}

/// Kills the process of the running task before it returns to user space. Context: process.
pub(crate) fn kill_current() {
    // SAFETY: It has no requirements but process context.
    unsafe { raw::acf_helper_kill_current() };
}

/// Sends the running task `SIGSYS` for a call that is refused with this errno, which is negative.
/// Context: process.
pub(crate) fn signal_refusal(errno: i32) {
    // SAFETY: It has no requirements but process context.
    unsafe { raw::acf_helper_signal_refusal(-errno) };
}

/// Waits until every task for which `task_publish` was called before is found by
/// [`TaskRef::threads`] and [`each`]. Context: process, interrupts on, never sleeps.
pub(crate) fn wait_for_clones() {
    // SAFETY: It takes tasklist_lock and turns interrupts on again. Control calls and narrowing run
    // in process context with interrupts on, and hold no such lock.
    unsafe { raw::acf_gate_task_barrier() };
}

/// The length that the running task passes to `setsockopt()`, or `None` if that cannot be told.
/// Context: process, in that call.
pub(crate) fn option_length() -> Option<u32> {
    // SAFETY: It has no requirements: it reads the registers of the running task.
    u32::try_from(unsafe { raw::acf_helper_option_length() }).ok()
}

/// Whether the running task should return to user space, for a signal or because it was recalled.
pub(crate) fn is_interrupted() -> bool {
    // SAFETY: It has no requirements: it reads a flag of the running task.
    unsafe { raw::acf_helper_interrupted() }
}
