// SPDX-License-Identifier: GPL-2.0

//! `poll()` on a misc device whose open files read events. The kernel crate does not provide it:
//! the operations of the files are those of the crate, with one more.

use core::marker::PhantomData;

use kernel::bindings;
use kernel::fs::{File, Kiocb};
use kernel::miscdevice::{MiscDevice, MiscDeviceOptions};
use kernel::prelude::*;
use kernel::types::ForeignOwnable;

use super::events::Reader;

/// `EPOLLERR` of `include/uapi/linux/eventpoll.h`.
const EPOLLERR: u32 = 8;

/// `IOCB_NOWAIT` of `include/linux/fs.h`.
const IOCB_NOWAIT: i32 = 8;

/// The only misc device of the module.
pub(crate) trait Polled: MiscDevice<Ptr = KBox<Self>> {
    /// The options with which it is registered.
    const OPTIONS: MiscDeviceOptions;

    /// What an open file reads from, if it reads. It stays the same, and lives as long as the file.
    fn reader(device: &Self) -> Option<&Reader>;
}

/// The operations of the open files of a device.
struct Operations<T>(PhantomData<T>);

impl<T: Polled> Operations<T> {
    const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        poll: Some(Self::poll),
        // SAFETY: The crate makes a table that lives as long as the module.
        ..unsafe { *T::OPTIONS.into_raw::<T>().fops }
    };

    /// # Safety
    ///
    /// `file` is an open file of the device, and `table` null or that of a `poll()` of it.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: `vfs_poll()` has a reference to the file, whose private data is what `open`
        // returned, until `release`.
        let device = unsafe { <KBox<T> as ForeignOwnable>::borrow((*file).private_data) };
        match T::reader(device) {
            // SAFETY: `table` is that of the caller of `vfs_poll()`. The reader lives as long as
            // the file, which is released after all that poll it.
            Some(reader) => unsafe { reader.poll(file, table) },
            None => EPOLLERR,
        }
    }
}

/// Lets a file of `T` that is being opened be polled. Does nothing for files of other modules.
pub(crate) fn enable<T: Polled>(file: &File) {
    let table = Operations::<T>::TABLE;
    // SAFETY: A file has operations as long as it is there.
    let is_ours = unsafe { (*(*file.as_ptr()).f_op).owner == table.owner };
    if is_ours {
        // SAFETY: The module has one device, so the file is one of it. `table` has the same
        // operations as before, with one more.
        unsafe { (*file.as_ptr()).f_op = table };
    }
}

/// Whether a read must not wait.
pub(crate) fn is_nonblocking<T: ForeignOwnable>(kiocb: &Kiocb<'_, T>) -> bool {
    // SAFETY: A `Kiocb` is of a call that has a reference to its file.
    let (flags, file) = unsafe { ((*kiocb.as_raw()).ki_flags, (*kiocb.as_raw()).ki_filp) };
    // SAFETY: As above. Other threads may change the flags: any of the values will do.
    let file_flags = unsafe { (&raw const (*file).f_flags).read_volatile() };
    flags & IOCB_NOWAIT != 0 || file_flags & bindings::O_NONBLOCK != 0
}
