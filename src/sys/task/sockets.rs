// SPDX-License-Identifier: GPL-2.0

//! The sockets that a task has open.

use core::ffi::{c_uint, c_void};

use kernel::bindings;

use super::{FilesKey, TaskRef};
use crate::sys::raw;
use crate::sys::sock::SkRef;

impl TaskRef {
    /// Calls `visit` for every socket among the task's open files, with its
    /// descriptor, until it returns `false`. `visit` must not sleep. Returns the table they are in.
    pub(crate) fn each_socket<F: FnMut(SkRef<'_>, u32) -> bool>(
        &self,
        mut visit: F,
    ) -> Option<FilesKey> {
        let data: *mut F = &mut visit;
        // SAFETY: The task is valid; the helper calls `visit_socket::<F>` with a
        // socket and `data`, an exclusive pointer to an `F`, and only until it
        // returns.
        let files = unsafe {
            raw::acf_helper_each_socket(self.0.as_ptr(), Some(visit_socket::<F>), data.cast())
        };
        FilesKey::new(files)
    }

    /// Calls `visit` for the socket that the system call is about which the task
    /// sleeps in, if it is about one. `visit` must not sleep.
    pub(crate) fn socket_of_call<F: FnMut(SkRef<'_>, u32) -> bool>(&self, mut visit: F) {
        let data: *mut F = &mut visit;
        // SAFETY: As in `each_socket`.
        unsafe {
            raw::acf_helper_socket_of_call(self.0.as_ptr(), Some(visit_socket::<F>), data.cast())
        };
    }
}

/// # Safety
///
/// `data` is an exclusive pointer to an `F`, and `sk` is a full socket.
unsafe extern "C" fn visit_socket<F: FnMut(SkRef<'_>, u32) -> bool>(
    sk: *mut bindings::sock,
    fd: c_uint,
    data: *mut c_void,
) -> bool {
    // SAFETY: By the function's contract.
    let visit = unsafe { &mut *data.cast::<F>() };
    // SAFETY: By the function's contract; a socket of a file is full.
    match unsafe { SkRef::new(sk) } {
        Some(sk) => visit(sk, fd),
        None => true,
    }
}
