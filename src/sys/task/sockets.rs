// SPDX-License-Identifier: GPL-2.0

//! The sockets that a task has open.

use core::ffi::{c_uint, c_void};

use kernel::bindings;

use super::{FilesKey, TaskRef};
use crate::sys::raw;
use crate::sys::sock::SkRef;

impl TaskRef {
    /// Calls `visit` for every socket among the task's open files, with its descriptor, until it
    /// returns `false`. Returns the table of descriptors, if the task has one. `visit` must not
    /// sleep: spinlocks are held. Context: process, never sleeps.
    pub(crate) fn each_socket<F: FnMut(SkRef<'_>, u32) -> bool>(
        &self,
        mut visit: F,
    ) -> Option<FilesKey> {
        let data: *mut F = &mut visit;
        // SAFETY: `self` holds a reference to the task. The helper passes `data`, a pointer to
        // `visit` that nothing else uses meanwhile, to `visit_socket::<F>`, and calls that only
        // until it returns.
        let files = unsafe {
            raw::acf_helper_each_socket(self.0.as_ptr(), Some(visit_socket::<F>), data.cast())
        };
        FilesKey::new(files)
    }

    /// Calls `visit` for the socket whose descriptor is the first argument of the system call in
    /// which the task sleeps, if there is one. `visit` must not sleep: spinlocks are held.
    /// Context: process, never sleeps.
    pub(crate) fn socket_of_call<F: FnMut(SkRef<'_>, u32) -> bool>(&self, mut visit: F) {
        let data: *mut F = &mut visit;
        // SAFETY: As in `each_socket`: `self` holds the task, `data` is for `visit_socket::<F>`.
        unsafe {
            raw::acf_helper_socket_of_call(self.0.as_ptr(), Some(visit_socket::<F>), data.cast())
        };
    }
}

/// Calls the `F` at `data`.
///
/// # Safety
///
/// Until this returns, `data` points to an `F` that nothing else uses, and `sk` is null or a valid
/// full socket.
unsafe extern "C" fn visit_socket<F: FnMut(SkRef<'_>, u32) -> bool>(
    sk: *mut bindings::sock,
    fd: c_uint,
    data: *mut c_void,
) -> bool {
    // SAFETY: `data` is what `each_socket` or `socket_of_call` passed with this function.
    let visit = unsafe { &mut *data.cast::<F>() };
    // SAFETY: `sk` is the full socket of an open file. iterate_fd() holds the lock of the table
    // that has the file: the table's reference to the file keeps the socket.
    match unsafe { SkRef::new(sk) } {
        Some(sk) => visit(sk, fd),
        None => true,
    }
}
