// SPDX-License-Identifier: GPL-2.0

//! Work queues of this module, so that it can wait for its own work.
//!
//! C header: `include/linux/workqueue.h`

use core::ops::Deref;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::prelude::*;
use kernel::workqueue::Queue;

use super::raw;

/// An unbound work queue.
///
/// # Invariants
///
/// The pointer is that of a work queue that `new` made and that is not destroyed.
pub(crate) struct OwnQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: The kernel lets any thread destroy a work queue.
unsafe impl Send for OwnQueue {}
// SAFETY: The kernel locks a work queue itself: any threads may queue and flush at a time.
unsafe impl Sync for OwnQueue {}

impl OwnQueue {
    /// Makes a work queue. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: `name` is a C string; alloc_workqueue() copies it.
        let queue = unsafe { raw::acf_helper_queue_new(name.as_char_ptr()) };
        // INVARIANT: Made above, and only `drop` destroys it.
        NonNull::new(queue).map(Self).ok_or(ENOMEM)
    }

    /// Waits until work that was queued before is done. Context: process, may sleep.
    pub(crate) fn flush(&self) {
        // SAFETY: By the type invariants the queue is not destroyed.
        unsafe { bindings::__flush_workqueue(self.0.as_ptr()) };
    }
}

impl Deref for OwnQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        // SAFETY: By the type invariants the queue is not destroyed before `self` is dropped, and
        // the result borrows `self`.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for OwnQueue {
    /// Waits until all work is done. Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants the queue is not destroyed yet. `&mut self` proves that
        // nothing queues on it.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}
