// SPDX-License-Identifier: GPL-2.0

//! A work queue of our own, so that its work can be waited for.
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
/// The pointer is that of a work queue we made and have not destroyed.
pub(crate) struct OwnQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: Work queues may be used from any thread.
unsafe impl Send for OwnQueue {}
// SAFETY: As above.
unsafe impl Sync for OwnQueue {}

impl OwnQueue {
    /// Makes a work queue. May sleep.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: `name` is a C string.
        let queue = unsafe { raw::acf_helper_queue_new(name.as_char_ptr()) };
        // INVARIANT: Made above.
        NonNull::new(queue).map(Self).ok_or(ENOMEM)
    }

    /// Sleeps until work that was queued before is done.
    pub(crate) fn flush(&self) {
        // SAFETY: By the type invariants the queue is valid.
        unsafe { bindings::__flush_workqueue(self.0.as_ptr()) };
    }
}

impl Deref for OwnQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        // SAFETY: By the type invariants it is valid as long as `self`.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for OwnQueue {
    /// Sleeps until all work is done.
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is ours to destroy, and nobody
        // else can queue on it: `&mut self`.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}
