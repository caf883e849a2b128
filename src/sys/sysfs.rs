// SPDX-License-Identifier: GPL-2.0

//! Read-only files and directories in sysfs, each there as long as a value lives.
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
/// Holds a reference to the kobject.
pub(crate) struct Dir(NonNull<bindings::kobject>);

// SAFETY: The reference may be put by any thread: kobject_put() counts atomically.
unsafe impl Send for Dir {}
// SAFETY: Through a shared `Dir`, threads make and remove files, which kernfs locks.
unsafe impl Sync for Dir {}

impl Dir {
    /// Makes `/sys/kernel/NAME`, or `NAME` below `parent`. `ENOMEM`.
    /// Context: process, may sleep.
    pub(crate) fn new(name: &CStr, parent: Option<&Dir>) -> Result<Self> {
        let parent = match parent {
            Some(dir) => dir.0.as_ptr(),
            // SAFETY: It reads a pointer that is set at boot.
            None => unsafe { raw::acf_helper_kernel_kobj() },
        };
        // SAFETY: `name` is a C string, which is copied. `parent` is kernel_kobj, which is never
        // freed, or that of a `Dir` that is borrowed for this call; the new kobject holds a
        // reference to it.
        let dir = unsafe { bindings::kobject_create_and_add(name.as_char_ptr(), parent) };
        // INVARIANT: kobject_create_and_add() returned it with a reference.
        NonNull::new(dir).map(Self).ok_or(ENOMEM)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to put, which nothing uses after
        // this: every `File` in the directory holds the `Dir`.
        unsafe { bindings::kobject_put(self.0.as_ptr()) };
    }
}

/// The content of a file. Context of all: process, may sleep.
pub(crate) trait Show: Send + Sync + 'static {
    /// Writes the content. What does not fit is cut off.
    fn show(&self, out: &mut Page<'_>) -> fmt::Result;

    /// Whether the running task may read it. If not, reading fails with `EPERM`.
    fn is_readable(&self) -> bool {
        true
    }
}

/// A file that shows a `T`.
///
/// # Invariants
///
/// `file` is a file in `dir` that `acf_helper_file_create()` made and nobody has removed. It shows
/// what `_data` points to.
pub(crate) struct File<T: Show> {
    dir: Arc<Dir>,
    file: NonNull<raw::acf_file>,
    _data: Arc<T>,
}

// SAFETY: Any thread may remove a file, and `Arc<T>` is `Send`, as `T` is `Send` and `Sync`.
unsafe impl<T: Show> Send for File<T> {}
// SAFETY: A shared `File` has no methods.
unsafe impl<T: Show> Sync for File<T> {}

impl<T: Show> File<T> {
    /// Makes a file that only its owner may read if `private`, and else all.
    /// Context: process, may sleep.
    pub(crate) fn new(dir: Arc<Dir>, name: &CStr, private: bool, data: Arc<T>) -> Result<Self> {
        // SAFETY: `dir` holds its kobject, and `name` is a C string, which is copied. `show`
        // expects a `T`: `data` is one, and `_data` keeps it until `drop` has removed the file.
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
        // INVARIANT: Made above in `dir`, with the pointer of `data`; only `drop` removes it.
        Ok(Self {
            dir,
            file,
            _data: data,
        })
    }

    /// Fills `page`, and returns how many bytes it used, or a negative errno.
    ///
    /// # Safety
    ///
    /// Until this returns, `data` points to a `T`, and `page` to [`PAGE_SIZE`] initialised bytes
    /// that nobody else reads or writes.
    unsafe extern "C" fn show(data: *const c_void, page: *mut ffi::c_char) -> isize {
        // SAFETY: `data` is what `new` passed for this `T`. acf_helper_file_remove() waits for the
        // readers of the file, and `_data` is dropped after that.
        let data = unsafe { &*data.cast::<T>() };
        if !data.is_readable() {
            return EPERM.to_errno() as isize;
        }
        // SAFETY: `page` is the buffer of one reader: sysfs_kf_seq_show() zeroes PAGE_SIZE bytes of
        // it, and kernfs lets one read at a time use it.
        let page = unsafe { core::slice::from_raw_parts_mut(page.cast::<u8>(), PAGE_SIZE - 1) };
        let mut out = Page { page, used: 0 };
        // The only error is that the page is full. Then the rest is cut off.
        let _ = data.show(&mut out);
        out.used as isize
    }
}

impl<T: Show> Drop for File<T> {
    /// Removes the file and waits for its readers. Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is a file in `dir` that nobody has removed.
        unsafe { raw::acf_helper_file_remove(self.dir.0.as_ptr(), self.file.as_ptr()) };
    }
}

/// The page that the content of a file must fit in. It has one byte less than a page, as sysfs
/// warns about a full one.
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
