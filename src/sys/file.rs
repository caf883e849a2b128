// SPDX-License-Identifier: GPL-2.0

//! Open files and what they are. Whether that is permitted is for `table::files` to decide.

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use kernel::bindings;
use kernel::error::to_result;
use kernel::page::PAGE_SIZE;
use kernel::prelude::*;

use super::raw;
use super::sock::SkRef;
use super::task::{MemoryKey, TaskRef};
use crate::policy::FileId;

/// An open file.
///
/// # Invariants
///
/// A reference to the file is held during `'a`.
#[derive(Clone, Copy)]
pub(crate) struct FileRef<'a>(NonNull<bindings::file>, PhantomData<&'a ()>);

/// What an open file is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileInfo {
    /// The kind of socket, if it is one.
    pub(crate) socket: Option<SocketFile>,
    /// Major and minor number of a character device.
    pub(crate) device: Option<(u32, u32)>,
    /// It is an io_uring that was made by a process with other memory.
    pub(crate) foreign_ring: bool,
    /// The memory that it gives access to: that of a process (`/proc/PID/mem`), or that for
    /// which it provides pages (`userfaultfd(2)`).
    pub(crate) memory: Option<MemoryKey>,
    /// It provides pages of `memory`.
    pub(crate) pages: bool,
    /// Its descriptor closes when the process executes a program.
    pub(crate) closes: bool,
}

/// What a socket is whose file is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketFile {
    /// `PF_*`.
    pub(crate) family: u16,
    /// `IPPROTO_*`.
    pub(crate) protocol: u16,
    /// `TCP_*`.
    pub(crate) state: u8,
    /// BPF programs may redirect what it sends and receives (sockmap).
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
            closes: raw.closes,
        }
    }
}

impl<'a> FileRef<'a> {
    /// `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// `file` is null, or a reference to it is held during the lifetime of the result.
    pub(crate) unsafe fn new(file: *mut bindings::file) -> Option<Self> {
        // INVARIANT: The caller promises a reference for as long.
        NonNull::new(file).map(|file| Self(file, PhantomData))
    }

    /// What it is to the running task. Context: process, never sleeps.
    pub(crate) fn info(self) -> FileInfo {
        let mut info = core::mem::MaybeUninit::uninit();
        // SAFETY: By the type invariants the file is valid. `info` is a local variable. Null
        // stands for the memory of the running task.
        unsafe { raw::acf_helper_file_info(self.0.as_ptr(), ptr::null(), info.as_mut_ptr()) };
        // SAFETY: acf_helper_file_info() always fills all of it.
        FileInfo::from_raw(&unsafe { info.assume_init() })
    }

    /// The socket that it is, if it is one. Context: any.
    pub(crate) fn socket(self) -> Option<SkRef<'a>> {
        // SAFETY: By the type invariants the file is valid.
        let sk = unsafe { raw::acf_helper_file_sk(self.0.as_ptr()) };
        // SAFETY: `sk` is null or a full socket, as it is that of a `struct socket`, which is not
        // released while there is a reference to its file: by the type invariants during `'a`.
        unsafe { SkRef::new(sk) }
    }

    /// Its identity. Context: any.
    pub(crate) fn id(self) -> FileId {
        // SAFETY: By the type invariants the file is valid.
        let id = unsafe { raw::acf_helper_file_id(self.0.as_ptr()) };
        FileId {
            device: id.device,
            inode: id.inode,
        }
    }

    /// The path of a file that is to be executed. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EACCES` when it is no regular file, and those of [`FilePath::of`].
    pub(crate) fn program_path(self) -> Result<KVVec<u8>> {
        // SAFETY: By the type invariants the file is valid.
        if !unsafe { raw::acf_helper_file_is_regular(self.0.as_ptr()) } {
            return Err(EACCES);
        }
        let path = FilePath::of(self)?;
        let mut copy = KVVec::with_capacity(path.as_bytes().len(), GFP_KERNEL)?;
        copy.extend_from_slice(path.as_bytes(), GFP_KERNEL)?;
        Ok(copy)
    }
}

/// A reference to an open file.
///
/// # Invariants
///
/// Holds a reference to the file.
pub(crate) struct FileHold(NonNull<bindings::file>);

impl FileHold {
    /// The file of a descriptor of the running task, also one of `open(2)` with `O_PATH`.
    /// Context: process.
    ///
    /// # Errors
    ///
    /// `EBADF`.
    pub(crate) fn of_descriptor(fd: i32) -> Result<Self> {
        // SAFETY: It has no requirements but process context: any number may be looked up.
        let file = unsafe { raw::acf_helper_file_get(fd) };
        // INVARIANT: fget_raw() took a reference.
        NonNull::new(file).map(Self).ok_or(EBADF)
    }

    /// The file.
    pub(crate) fn get(&self) -> FileRef<'_> {
        // INVARIANT: By the type invariants `self` holds a reference as long as it is borrowed.
        FileRef(self.0, PhantomData)
    }
}

impl Drop for FileHold {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to put, and `self` is not used again.
        unsafe { raw::acf_helper_file_put(self.0.as_ptr()) };
    }
}

/// The path of a file in the mount namespace of the machine.
///
/// # Invariants
///
/// `at..buf.len() - 1` is within `buf`.
pub(crate) struct FilePath {
    buf: KVVec<u8>,
    at: usize,
}

impl FilePath {
    /// The path of a file. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EXDEV` when the running task is in another mount namespace than the first process, the
    /// file is in none, or the path is longer than a page; `ENOMEM`.
    pub(crate) fn of(file: FileRef<'_>) -> Result<Self> {
        let mut buf = KVVec::<u8>::from_elem(0, PAGE_SIZE, GFP_KERNEL)?;
        // SAFETY: By the invariants of `FileRef` the file is valid. The buffer has as many bytes.
        let path = unsafe {
            raw::acf_gate_file_path(
                file.0.as_ptr(),
                buf.as_mut_ptr().cast(),
                PAGE_SIZE.try_into()?,
            )
        };
        let at = (path as usize).wrapping_sub(buf.as_ptr() as usize);
        // INVARIANT: Checked here; a null pointer is outside the buffer.
        if at < buf.len() {
            Ok(Self { buf, at })
        } else {
            Err(EXDEV)
        }
    }

    /// The path, without the NUL at its end.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.buf[self.at..self.buf.len() - 1]
    }
}

impl TaskRef {
    /// Calls `visit` with each file that the task has open, and its descriptor, until it returns
    /// `false`. A task that has given up its memory or its descriptors, to exit, has none.
    /// `visit` must not sleep: spinlocks are held. Context: process, never sleeps.
    pub(crate) fn each_file<F: FnMut(&FileInfo, Option<u32>) -> bool>(&self, mut visit: F) {
        let data: *mut F = &mut visit;
        // SAFETY: `self` holds a reference to the task. The helper passes `data`, a pointer to
        // `visit` that nothing else uses meanwhile, to `visit_file::<F>`, and calls that only
        // until it returns.
        unsafe { raw::acf_helper_each_file(self.as_ptr(), Some(visit_file::<F>), data.cast()) };
    }

    /// Calls `visit` with each file that the task has mapped, until it returns `false`. `visit`
    /// must not sleep. Context: process, may sleep, but never waits for the task.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when the memory of the task is locked, as it is while it changes.
    pub(crate) fn each_mapped<F: FnMut(&FileInfo, Option<u32>) -> bool>(
        &self,
        mut visit: F,
    ) -> Result {
        let data: *mut F = &mut visit;
        // SAFETY: As in `each_file`: `self` holds the task, and `data` is for `visit_file::<F>`.
        let result = unsafe {
            raw::acf_helper_each_mapped(self.as_ptr(), Some(visit_file::<F>), data.cast())
        };
        to_result(result)
    }
}

/// Calls the `F` at `data`.
///
/// # Safety
///
/// Until this returns, `data` points to an `F` that nothing else uses, and `info` to a filled
/// structure that nobody writes.
unsafe extern "C" fn visit_file<F: FnMut(&FileInfo, Option<u32>) -> bool>(
    info: *const raw::acf_file_info,
    fd: c_int,
    data: *mut c_void,
) -> bool {
    // SAFETY: `data` is what `each_file` or `each_mapped` passed with this `visit_file::<F>`, and
    // `info` is a local variable of the helper that calls this.
    let (info, visit) = unsafe { (&*info, &mut *data.cast::<F>()) };
    visit(&FileInfo::from_raw(info), fd.try_into().ok())
}
