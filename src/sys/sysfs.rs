// SPDX-License-Identifier: GPL-2.0

//! Read-only files in sysfs, there as long as a value lives.
//!
//! C headers: `include/linux/kobject.h`, `include/linux/sysfs.h`

use core::ffi::c_void;
use core::fmt;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::from_err_ptr;
use kernel::ffi;
use kernel::page::PAGE_SIZE;
use kernel::prelude::*;
use kernel::sync::Arc;

use super::raw;

/// A directory.
///
/// # Invariants
///
/// The pointer is that of a kobject we have a reference of.
pub(crate) struct Dir(NonNull<bindings::kobject>);

// SAFETY: kobjects may be used from any thread.
unsafe impl Send for Dir {}
// SAFETY: As above.
unsafe impl Sync for Dir {}

impl Dir {
    /// Makes `/sys/kernel/NAME`, or `NAME` below `parent`. May sleep.
    pub(crate) fn new(name: &CStr, parent: Option<&Dir>) -> Result<Self> {
        let parent = match parent {
            Some(dir) => dir.0.as_ptr(),
            // SAFETY: An FFI call with no requirements.
            None => unsafe { raw::acf_helper_kernel_kobj() },
        };
        // SAFETY: `name` is a C string, which is copied; the parent is valid.
        let dir = unsafe { bindings::kobject_create_and_add(name.as_char_ptr(), parent) };
        // INVARIANT: Made above, with a reference.
        NonNull::new(dir).map(Self).ok_or(ENOMEM)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to let go.
        unsafe { bindings::kobject_put(self.0.as_ptr()) };
    }
}

/// What can be read from a file.
pub(crate) trait Show: Send + Sync + 'static {
    /// Writes the content. What does not fit is cut off. May sleep.
    fn show(&self, out: &mut Page<'_>) -> fmt::Result;

    /// Whether the running task may read it; else it gets `EPERM`.
    fn is_readable(&self) -> bool {
        true
    }
}

/// A file that shows a `T`.
///
/// # Invariants
///
/// `file` is a file in `dir`, whose data is the pointer of `data`.
pub(crate) struct File<T: Show> {
    dir: Arc<Dir>,
    file: NonNull<raw::acf_file>,
    _data: Arc<T>,
}

// SAFETY: Files may be removed by any thread, and `T` may be shared.
unsafe impl<T: Show> Send for File<T> {}
// SAFETY: There is nothing to do with a shared reference.
unsafe impl<T: Show> Sync for File<T> {}

impl<T: Show> File<T> {
    /// Makes a file, for all to read or for the owner only. May sleep.
    pub(crate) fn new(dir: Arc<Dir>, name: &CStr, private: bool, data: Arc<T>) -> Result<Self> {
        // SAFETY: The directory is valid, the name is a C string and copied,
        // and the data stays as long as the file: see `Drop`.
        let file = from_err_ptr(unsafe {
            raw::acf_helper_file_create(
                dir.0.as_ptr(),
                name.as_char_ptr(),
                if private { 0o400 } else { 0o444 },
                Some(Self::show),
                Arc::as_ptr(&data).cast(),
            )
        })?;
        let file = NonNull::new(file).ok_or(ENOMEM)?;
        // INVARIANT: Made above.
        Ok(Self {
            dir,
            file,
            _data: data,
        })
    }

    /// # Safety
    ///
    /// `data` is valid as a `T`, and `page` is a page of ours.
    unsafe extern "C" fn show(data: *const c_void, page: *mut ffi::c_char) -> isize {
        // SAFETY: By the function's contract.
        let data = unsafe { &*data.cast::<T>() };
        if !data.is_readable() {
            return EPERM.to_errno() as isize;
        }
        // SAFETY: By the function's contract; sysfs hands over a zeroed page.
        let page = unsafe { core::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_SIZE - 1) };
        let mut out = Page { page, used: 0 };
        // A full page is the only error there is, and cutting is the answer.
        let _ = data.show(&mut out);
        out.used as isize
    }
}

impl<T: Show> Drop for File<T> {
    /// Sleeps until readers are gone.
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is a file in that directory. The
        // data is dropped after this.
        unsafe { raw::acf_helper_file_remove(self.dir.0.as_ptr(), self.file.as_ptr()) };
    }
}

/// The page, less a byte, that a file's content must fit in.
pub(crate) struct Page<'a> {
    page: &'a mut [u8],
    used: usize,
}

impl Page<'_> {
    /// How many bytes still fit.
    pub(crate) fn room(&self) -> usize {
        self.page.len() - self.used
    }
}

impl fmt::Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.page[self.used..];
        let len = text.len().min(room.len());
        room[..len].copy_from_slice(&text.as_bytes()[..len]);
        self.used += len;
        if len == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
