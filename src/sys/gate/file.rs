// SPDX-License-Identifier: GPL-2.0

//! Files that are no sockets.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::file::FileRef;

/// The running task uses a file that is no socket.
pub(crate) trait FileHooks {
    /// The running task is about to read, write or map `file`, or to get a
    /// descriptor of it from another process. Of ordinary files it is asked about
    /// the last only. May sleep.
    fn file_use(file: FileRef<'_>) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Files<T>(PhantomData<T>);

impl<T: FileHooks> Files<T> {
    /// # Safety
    ///
    /// Called by the LSM core: `file` is valid.
    pub(super) unsafe extern "C" fn file_permission(file: *mut bindings::file) -> c_int {
        // SAFETY: By the function's contract.
        match unsafe { FileRef::new(file) } {
            Some(file) => from_result(|| T::file_use(file).map(|()| 0)),
            None => 0,
        }
    }
}
