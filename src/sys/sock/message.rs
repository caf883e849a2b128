// SPDX-License-Identifier: GPL-2.0

//! Messages that are about to be sent.
//!
//! C header: `include/linux/socket.h`

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;

const MSG_FASTOPEN: u32 = 0x2000_0000;

/// A message about to be sent, for the duration of a hook.
///
/// # Invariants
///
/// The message is valid during `'a`, and nobody writes it. `msg_name` is null or points to
/// `msg_namelen` initialised bytes of kernel memory; `msg_control`, unless it is in user memory, is
/// null or points to `msg_controllen` such bytes.
pub(crate) struct MessageRef<'a>(NonNull<bindings::msghdr>, PhantomData<&'a ()>);

impl<'a> MessageRef<'a> {
    /// The message at `msg`.
    ///
    /// # Safety
    ///
    /// `msg` satisfies the type invariants during `'a`.
    pub(in crate::sys) unsafe fn new(msg: NonNull<bindings::msghdr>) -> Self {
        // INVARIANT: The caller promises them for `'a`.
        Self(msg, PhantomData)
    }

    /// The destination the program gave, as bytes.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        // SAFETY: By the type invariants the message is valid, and nobody writes it.
        let msg = unsafe { self.0.as_ref() };
        let len = usize::try_from(msg.msg_namelen).ok()?;
        let name = NonNull::new(msg.msg_name.cast::<u8>())?;
        // SAFETY: By the type invariants there are `msg_namelen` bytes during `'a`.
        Some(unsafe { core::slice::from_raw_parts(name.as_ptr(), len) })
    }

    /// Its control messages, from the kernel's copy.
    pub(crate) fn control(&self) -> &'a [u8] {
        // SAFETY: By the type invariants the message is valid, and nobody writes it.
        let msg = unsafe { self.0.as_ref() };
        if msg.msg_control_is_user() {
            return &[];
        }
        // SAFETY: The pointer is not one to user memory, so `msg_control` is the member in use.
        let control = unsafe { msg.__bindgen_anon_1.msg_control };
        let Some(control) = NonNull::new(control.cast::<u8>()) else {
            return &[];
        };
        // SAFETY: By the type invariants there are `msg_controllen` bytes during `'a`:
        // ____sys_sendmsg() copied them and frees them after sending.
        unsafe { core::slice::from_raw_parts(control.as_ptr(), msg.msg_controllen) }
    }

    /// Whether sending it opens a TCP connection (`MSG_FASTOPEN`).
    pub(crate) fn opens(&self) -> bool {
        // SAFETY: By the type invariants the message is valid, and nobody writes it.
        unsafe { self.0.as_ref() }.msg_flags & MSG_FASTOPEN != 0
    }
}
