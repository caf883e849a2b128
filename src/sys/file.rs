// SPDX-License-Identifier: GPL-2.0

//! Open files that are no sockets.

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;

use super::raw;
use super::task::MemoryKey;

/// An open file.
///
/// # Invariants
///
/// The file is valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct FileRef<'a>(NonNull<bindings::file>, PhantomData<&'a ()>);

impl FileRef<'_> {
    /// `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// A file that is valid for the lifetime of the result, or null.
    pub(crate) unsafe fn new(file: *mut bindings::file) -> Option<Self> {
        // INVARIANT: By the function's contract.
        NonNull::new(file).map(|file| Self(file, PhantomData))
    }

    /// The memory that whoever has the file can write, if it is that of a
    /// process or provides it: `/proc/PID/mem`, `userfaultfd(2)`. Any context.
    pub(crate) fn memory(self) -> Option<MemoryKey> {
        // SAFETY: By the type invariants the file is valid.
        MemoryKey::new(unsafe { raw::acf_helper_file_memory(self.0.as_ptr()) })
    }

    /// Whether it injects packets, as a TUN device does. Any context.
    pub(crate) fn is_network_device(self) -> bool {
        // SAFETY: By the type invariants the file is valid.
        unsafe { raw::acf_helper_file_is_network_device(self.0.as_ptr()) }
    }

    /// Whether it is an io_uring that a thread of another process than the
    /// running task's polls. Any context.
    pub(crate) fn is_polled_elsewhere(self) -> bool {
        // SAFETY: By the type invariants the file is valid.
        unsafe { raw::acf_helper_file_is_polled(self.0.as_ptr()) }
    }
}
