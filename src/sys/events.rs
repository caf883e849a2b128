// SPDX-License-Identifier: GPL-2.0

//! Telling events to those who read the control device, to tracing, and to the audit subsystem.
//!
//! C file: `src/sys/c/events.c`

use core::mem::{offset_of, MaybeUninit};
use core::ptr::NonNull;

use kernel::bindings;
use kernel::iov::IovIterDest;
use kernel::prelude::*;

use super::raw;
use crate::abi::{Event, Happening, Operation, Refusal, Wire, COMM_LEN, MAX_RECENT, MAX_STRUCT};

// `Event::encode` writes what the C file reads.
const _: () = assert!(size_of::<raw::acf_event>() == Event::SIZE);
const _: () = assert!(offset_of!(raw::acf_event, association) == 16);
const _: () = assert!(offset_of!(raw::acf_event, error) == 64);
const _: () = assert!(offset_of!(raw::acf_event, lost) == 76);
const _: () = assert!(raw::acf_events_ACF_EVENTS_LOST == Happening::Lost as u32);
const _: () = assert!(raw::acf_events_ACF_EVENTS_RECENT == MAX_RECENT);

/// Whether anybody listens. Context: any.
pub(crate) fn are_wanted() -> bool {
    // SAFETY: It has no requirements.
    unsafe { raw::acf_helper_events_wanted() }
}

/// The second since the machine was started. Context: any.
pub(crate) fn second() -> u32 {
    // SAFETY: It has no requirements.
    unsafe { raw::acf_helper_second() }
}

/// Tells an event of this moment, which it completes: with the time and, if it is the running task
/// that does something, that task.
/// Context: any but hard interrupts, never sleeps.
pub(crate) fn tell(mut event: Event, by_running_task: bool) {
    let mut moment = raw::acf_moment {
        time: 0,
        pid: 0,
        tid: 0,
        comm: [0; COMM_LEN],
    };
    // SAFETY: It writes to `moment` only.
    unsafe { raw::acf_helper_moment(&mut moment) };
    event.time = moment.time;
    if by_running_task {
        event.pid = moment.pid;
        event.tid = moment.tid;
        event.comm = moment.comm;
    }
    let word = |text: &str| raw::acf_word {
        text: text.as_ptr().cast(),
        len: text.len() as u32,
    };
    let refusal = raw::acf_refusal {
        operation: word(event.operation.map_or("", Operation::name)),
        reason: word(event.refusal.map_or("", Refusal::name)),
        class: word(event.operation.map_or("", Operation::class)),
    };
    let mut bytes = [0; MAX_STRUCT];
    let bytes = event.encode(&mut bytes);
    let mut told = MaybeUninit::<raw::acf_event>::uninit();
    // SAFETY: Both have the size of an event, as asserted above, and any bytes are a value of it.
    unsafe {
        core::ptr::copy_nonoverlapping(
            bytes.as_ptr(),
            told.as_mut_ptr().cast::<u8>(),
            size_of::<raw::acf_event>(),
        );
    }
    // SAFETY: Both are local variables, and the words are constants, with these lengths.
    unsafe { raw::acf_helper_events_tell(told.as_ptr(), &refusal) };
}

/// A reader of events, from when it is made.
///
/// # Invariants
///
/// The pointer is that of a reader that `new` made and that is not freed.
pub(crate) struct Reader(NonNull<raw::acf_reader>);

// SAFETY: The kernel lets any thread free a reader.
unsafe impl Send for Reader {}
// SAFETY: The C file locks a reader itself.
unsafe impl Sync for Reader {}

impl Reader {
    /// A reader of the events of the association with this id, or of all, with `recent` refusals
    /// first. `room`: how many events
    /// are kept for it; 0 for as many as is usual. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new(association: Option<u32>, room: u32, recent: bool) -> Result<Self> {
        // SAFETY: The caller may sleep.
        let reader =
            unsafe { raw::acf_helper_reader_new(association.unwrap_or(0).into(), room, recent) };
        // INVARIANT: Made above; only `drop` frees it.
        NonNull::new(reader).map(Self).ok_or(ENOMEM)
    }

    /// Reads events, and waits for one unless `nonblock`. Returns the number of bytes.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` when there is no room for one, `EAGAIN` when there is none, `EFAULT`, `ERESTARTSYS`.
    pub(crate) fn read(&self, to: &mut IovIterDest<'_>, nonblock: bool) -> Result<usize> {
        // SAFETY: By the type invariants the reader is there; `to` is where a call reads to.
        let read = unsafe { raw::acf_helper_reader_read(self.0.as_ptr(), to.as_raw(), nonblock) };
        usize::try_from(read).map_err(|_| Error::from_errno(read as i32))
    }

    /// Whether there are events to read, as `poll()` has it. Has the caller of `poll()` woken up
    /// when there are. Context: process, may sleep.
    ///
    /// # Safety
    ///
    /// `table` is null, or the table of a `poll()` of `file`, which keeps this reader until it is
    /// released.
    pub(super) unsafe fn poll(
        &self,
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> u32 {
        // SAFETY: By the type invariants the reader is there. The caller promises the rest: a file
        // is released after all that poll it.
        unsafe { raw::acf_helper_reader_poll(self.0.as_ptr(), file, table) }
    }
}

impl Drop for Reader {
    /// Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is there, and nobody uses it any more.
        unsafe { raw::acf_helper_reader_free(self.0.as_ptr()) };
    }
}
