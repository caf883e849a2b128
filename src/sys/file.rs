// SPDX-License-Identifier: GPL-2.0

//! Open files, and what they are. What that means is for others to say.

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use kernel::bindings;
use kernel::error::to_result;
use kernel::prelude::*;

use super::raw;
use super::task::{MemoryKey, TaskRef};

/// An open file.
///
/// # Invariants
///
/// The file is valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct FileRef<'a>(NonNull<bindings::file>, PhantomData<&'a ()>);

/// What an open file is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileInfo {
    /// What kind of socket, if it is one.
    pub(crate) socket: Option<SocketFile>,
    /// Major and minor number of a character device.
    pub(crate) device: Option<(u32, u32)>,
    /// It is an io_uring that a process with other memory made.
    pub(crate) foreign_ring: bool,
    /// Memory that it gives access to: that of a process (`/proc/PID/mem`), or
    /// what it provides pages of (`userfaultfd(2)`).
    pub(crate) memory: Option<MemoryKey>,
    /// Whether it is pages that it gives access to.
    pub(crate) pages: bool,
}

/// What a file that is a socket is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketFile {
    /// `PF_*`.
    pub(crate) family: u16,
    /// `IPPROTO_*`.
    pub(crate) protocol: u16,
    /// `TCP_*`.
    pub(crate) state: u8,
    /// BPF programs may take what is sent and received elsewhere.
    pub(crate) redirected: bool,
}

impl FileInfo {
    fn from_raw(raw: &raw::acf_file_info) -> Self {
        let socket = SocketFile {
            family: raw.family,
            protocol: raw.protocol,
            state: raw.state,
            redirected: raw.redirected,
        };
        Self {
            socket: raw.socket.then_some(socket),
            device: raw.device.then_some((raw.major, raw.minor)),
            foreign_ring: raw.foreign_ring,
            memory: MemoryKey::new(raw.memory),
            pages: raw.pages,
        }
    }
}

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

    /// What it is to the running task. Any context.
    pub(crate) fn info(self) -> FileInfo {
        let mut info = core::mem::MaybeUninit::uninit();
        // SAFETY: By the type invariants the file is valid; the helper fills `info`,
        // which is ours.
        unsafe { raw::acf_helper_file_info(self.0.as_ptr(), ptr::null(), info.as_mut_ptr()) };
        // SAFETY: Filled above.
        FileInfo::from_raw(&unsafe { info.assume_init() })
    }
}

impl TaskRef {
    /// Calls `visit` with each file that the task has open, and its descriptor, until
    /// it returns `false`. `visit` must not sleep. Not of a task that exits.
    pub(crate) fn each_file<F: FnMut(&FileInfo, Option<u32>) -> bool>(&self, mut visit: F) {
        let data: *mut F = &mut visit;
        // SAFETY: The task is valid; the helper calls `visit_file::<F>` with `data`, an
        // exclusive pointer to an `F`, and only until it returns.
        unsafe { raw::acf_helper_each_file(self.as_ptr(), Some(visit_file::<F>), data.cast()) };
    }

    /// Calls `visit` with each file that the task has in its memory until it returns
    /// `false`. `visit` must not sleep. May sleep, but does not wait for the task.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when its memory is locked, as it is while it changes.
    pub(crate) fn each_mapped<F: FnMut(&FileInfo, Option<u32>) -> bool>(
        &self,
        mut visit: F,
    ) -> Result {
        let data: *mut F = &mut visit;
        // SAFETY: As in `each_file`.
        let result = unsafe {
            raw::acf_helper_each_mapped(self.as_ptr(), Some(visit_file::<F>), data.cast())
        };
        to_result(result)
    }
}

/// # Safety
///
/// `data` is an exclusive pointer to an `F`, and `info` is valid.
unsafe extern "C" fn visit_file<F: FnMut(&FileInfo, Option<u32>) -> bool>(
    info: *const raw::acf_file_info,
    fd: c_int,
    data: *mut c_void,
) -> bool {
    // SAFETY: By the function's contract.
    let (info, visit) = unsafe { (&*info, &mut *data.cast::<F>()) };
    visit(&FileInfo::from_raw(info), fd.try_into().ok())
}
