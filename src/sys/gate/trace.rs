// SPDX-License-Identifier: GPL-2.0

//! Hooks of acting through other tasks.

use core::ffi::{c_int, c_uint};
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::task::TaskKey;

use super::answer;

/// `include/linux/ptrace.h`
const PTRACE_MODE_NOAUDIT: c_uint = 0x04;

/// The running task controls others, or puts code or input where others obey it.
pub(crate) trait TraceHooks {
    /// The running task wants to trace `task` or to read its state, as for
    /// `security_ptrace_access_check()`. Context: process, spinlocks held, never sleeps.
    /// `is_noted`: the caller does not ask for silence (`PTRACE_MODE_NOAUDIT`), as `ps` does.
    fn ptrace_access(task: TaskKey, is_noted: bool) -> Result;
    /// The running task wants to be traced by `tracer`.
    /// Context: interrupts off, `tasklist_lock` held for writing, never sleeps.
    fn ptrace_traceme(tracer: TaskKey) -> Result;
    /// `ioctl()` that types into a terminal (`TIOCSTI`, `TIOCLINUX`).
    /// Context: process, may sleep.
    fn terminal_input() -> Result;
    /// `bpf()` by a program. Context: process, may sleep.
    fn bpf() -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Tracing<T>(PhantomData<T>);

impl<T: TraceHooks> Tracing<T> {
    pub(super) extern "C" fn ptrace_access_check(
        child: *mut bindings::task_struct,
        mode: c_uint,
    ) -> c_int {
        let is_noted = mode & PTRACE_MODE_NOAUDIT == 0;
        from_result(|| T::ptrace_access(TaskKey::new(child), is_noted).map(|()| 0))
    }

    pub(super) extern "C" fn ptrace_traceme(parent: *mut bindings::task_struct) -> c_int {
        from_result(|| T::ptrace_traceme(TaskKey::new(parent)).map(|()| 0))
    }

    pub(super) extern "C" fn terminal_input() -> c_int {
        answer(T::terminal_input)
    }

    pub(super) extern "C" fn bpf(_cmd: c_int) -> c_int {
        answer(T::bpf)
    }
}
