// SPDX-License-Identifier: GPL-2.0

//! Having other tasks do something.

use core::ffi::{c_int, c_uint};
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::task::TaskKey;

/// The running task has others do something.
pub(crate) trait TraceHooks {
    /// The running task asks for what a tracer may do with `task`, or to look into
    /// it. Must not sleep.
    fn ptrace_access(task: TaskKey) -> Result;
    /// The running task asks to be traced by `tracer`. Must not sleep.
    fn ptrace_traceme(tracer: TaskKey) -> Result;
    /// `ioctl()` that types into a terminal (`TIOCSTI`, `TIOCLINUX`). May sleep.
    fn terminal_input() -> Result;
    /// `bpf()`. May sleep.
    fn bpf() -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Tracing<T>(PhantomData<T>);

impl<T: TraceHooks> Tracing<T> {
    pub(super) extern "C" fn ptrace_access_check(
        child: *mut bindings::task_struct,
        _mode: c_uint,
    ) -> c_int {
        from_result(|| T::ptrace_access(TaskKey::new(child)).map(|()| 0))
    }

    pub(super) extern "C" fn ptrace_traceme(parent: *mut bindings::task_struct) -> c_int {
        from_result(|| T::ptrace_traceme(TaskKey::new(parent)).map(|()| 0))
    }

    pub(super) extern "C" fn terminal_input() -> c_int {
        from_result(|| T::terminal_input().map(|()| 0))
    }

    pub(super) extern "C" fn bpf(_cmd: c_int) -> c_int {
        from_result(|| T::bpf().map(|()| 0))
    }
}
