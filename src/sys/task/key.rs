// SPDX-License-Identifier: GPL-2.0

//! What tells tasks, their memory and their descriptors from others': addresses that
//! are never followed.

use core::ffi::c_void;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::task::Task;

use crate::sys::map::MapKey;
use crate::sys::raw;

/// Identity of a task (a thread): the address of its `task_struct`, which no
/// other task has as long as this one is in the table. Not a pid, which a task
/// does not have yet when it is copied, and not a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskKey(usize);

impl TaskKey {
    /// The running task. In softirq, the interrupted one.
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

/// Identity of the memory of a process: the address of its `mm_struct`, which no
/// other has as long as something refers to this one.
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

    /// Whether it is the running task's.
    pub(crate) fn is_current(self) -> bool {
        let task = Task::current_raw();
        // SAFETY: The running task is valid; the memory is only compared.
        unsafe { raw::acf_helper_task_has_memory(task, self.0.as_ptr()) }
    }
}

/// Identity of a table of descriptors, which tasks may share: the address of its
/// `files_struct`, which no other has as long as something refers to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilesKey(NonNull<c_void>);

impl FilesKey {
    /// `None` for a null pointer.
    pub(super) fn new(files: *const c_void) -> Option<Self> {
        NonNull::new(files.cast_mut()).map(Self)
    }
}
