// SPDX-License-Identifier: GPL-2.0

//! Messages that are about to be sent.
//!
//! C header: `include/linux/socket.h`

use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;

const MSG_FASTOPEN: u32 = 0x2000_0000;

/// A message for the duration of a hook.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and `msg_name`, unless null, points to
/// `msg_namelen` bytes of kernel memory.
pub(crate) struct MessageRef<'a>(NonNull<bindings::msghdr>, PhantomData<&'a ()>);

impl<'a> MessageRef<'a> {
    /// # Safety
    ///
    /// `msg` satisfies the type invariants for `'a`.
    pub(in crate::sys) unsafe fn new(msg: NonNull<bindings::msghdr>) -> Self {
        // INVARIANT: By the function's contract.
        Self(msg, PhantomData)
    }

    /// The destination the program gave, as bytes.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        // SAFETY: The message is valid by the type invariants.
        let msg = unsafe { self.0.as_ref() };
        let len = usize::try_from(msg.msg_namelen).ok()?;
        let name = NonNull::new(msg.msg_name.cast::<u8>())?;
        // SAFETY: By the type invariants there are as many bytes.
        Some(unsafe { core::slice::from_raw_parts(name.as_ptr(), len) })
    }

    /// The control messages that go with it, as the kernel's copy has them.
    pub(crate) fn control(&self) -> &'a [u8] {
        // SAFETY: The message is valid by the type invariants.
        let msg = unsafe { self.0.as_ref() };
        if msg.msg_control_is_user() {
            return &[];
        }
        // SAFETY: Not user memory, so this is the member of the union in use.
        let control = unsafe { msg.__bindgen_anon_1.msg_control };
        let Some(control) = NonNull::new(control.cast::<u8>()) else {
            return &[];
        };
        // SAFETY: The kernel copied as many bytes for the duration of the
        // call (____sys_sendmsg()).
        unsafe { core::slice::from_raw_parts(control.as_ptr(), msg.msg_controllen) }
    }

    /// Whether sending it opens a TCP connection.
    pub(crate) fn opens(&self) -> bool {
        // SAFETY: The message is valid by the type invariants.
        unsafe { self.0.as_ref() }.msg_flags & MSG_FASTOPEN != 0
    }
}
