// SPDX-License-Identifier: GPL-2.0

//! Hooks of using files that are not sockets.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::prelude::*;

use crate::sys::file::FileRef;

use super::answer;

/// The running task uses a file that is not a socket.
///
/// Context: process, may sleep.
pub(crate) trait FileHooks {
    /// The running task is about to read, write or map `file`, or to receive a descriptor
    /// of it from another process. The gate checks reading and writing of misc devices and of
    /// the memory of processes only, and mapping of files that are not regular only.
    fn file_use(file: FileRef<'_>) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Files<T>(PhantomData<T>);

impl<T: FileHooks> Files<T> {
    /// # Safety
    ///
    /// `file` is null, or a reference to it is held until this returns.
    pub(super) unsafe extern "C" fn file_permission(file: *mut bindings::file) -> c_int {
        // SAFETY: The caller of security_file_permission() holds a reference to the file that
        // it reads or writes. For `Holding::file_receive`, see there.
        match unsafe { FileRef::new(file) } {
            Some(file) => answer(|| T::file_use(file)),
            None => 0,
        }
    }
}
