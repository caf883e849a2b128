// SPDX-License-Identifier: GPL-2.0

//! Identities of tasks and processes, of their memory and of their tables of descriptors: addresses that are
//! compared and never followed.

use core::ffi::c_void;
use core::num::NonZeroI32;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::task::Task;

use crate::sys::map::MapKey;
use crate::sys::raw;

/// Identity of a task (a thread): the address of its `task_struct`. No other task has this
/// address while this one is in the table: `task_free` takes it out before the memory is
/// freed. It is not a pid, which a task does not have yet when it is copied, and not a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskKey(usize);

impl TaskKey {
    /// The running task. In softirq, the interrupted task.
    pub(crate) fn current() -> Self {
        Self(Task::current_raw() as usize)
    }

    pub(in crate::sys) fn new(task: *const bindings::task_struct) -> Self {
        Self(task as usize)
    }
}

impl MapKey for TaskKey {
    fn word(self) -> usize {
        self.0
    }
}

/// The id of a process in the initial pid namespace. Another process may have it once this one is
/// gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tgid(NonZeroI32);

impl Tgid {
    /// `None` for 0, which no process has.
    pub(crate) fn new(number: i32) -> Option<Self> {
        NonZeroI32::new(number).map(Self)
    }

    /// The number.
    pub(crate) fn number(self) -> i32 {
        self.0.get()
    }
}

/// Identity of the memory of a process: the address of its `mm_struct`. No other memory has this
/// address while anything refers to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryKey(NonNull<bindings::mm_struct>);

impl MemoryKey {
    /// `None` for a null pointer.
    pub(in crate::sys) fn new(memory: *const bindings::mm_struct) -> Option<Self> {
        NonNull::new(memory.cast_mut()).map(Self)
    }

    pub(in crate::sys) fn as_ptr(self) -> *const bindings::mm_struct {
        self.0.as_ptr()
    }

    /// Whether it is the memory of the running task.
    pub(crate) fn is_current(self) -> bool {
        let task = Task::current_raw();
        // SAFETY: `task` is the running task, which lives during this call. The address of the
        // memory is only compared.
        unsafe { raw::acf_helper_task_has_memory(task, self.0.as_ptr()) }
    }
}

/// Identity of a table of descriptors, which tasks may share: the address of its `files_struct`.
/// No other table has this address while anything refers to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilesKey(NonNull<c_void>);

impl FilesKey {
    /// `None` for a null pointer.
    pub(super) fn new(files: *const c_void) -> Option<Self> {
        NonNull::new(files.cast_mut()).map(Self)
    }
}
