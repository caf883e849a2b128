// SPDX-License-Identifier: GPL-2.0

//! Attributes that a task sets for itself.

use core::ffi::c_int;
use core::ffi::c_uint;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use super::address_bytes;

/// The running task changes an attribute of itself.
///
/// Context: process, may sleep.
pub(crate) trait AttributeHooks {
    /// `lsm_set_self_attr()` with this attribute and content.
    fn set_self(attribute: u32, content: &[u8]) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Attributes<T>(PhantomData<T>);

impl<T: AttributeHooks> Attributes<T> {
    /// # Safety
    ///
    /// `ctx` points to `size` initialised bytes of kernel memory that nobody else reads or
    /// writes until this returns. What the header says of the length is checked here.
    pub(super) unsafe extern "C" fn setselfattr(
        attribute: c_uint,
        ctx: *mut bindings::lsm_ctx,
        size: u32,
        _flags: u32,
    ) -> c_int {
        from_result(|| {
            // struct lsm_ctx: id, flags, len, ctx_len, of 64 bits each.
            const HEADER: usize = 32;
            // SAFETY: `ctx` is the copy of `size` bytes that security_setselfattr() made
            // (`memdup_user()`), and frees after the hook.
            let bytes = unsafe { address_bytes(ctx.cast(), size.try_into()?) }?;
            let len: [u8; 8] = bytes
                .get(24..HEADER)
                .and_then(|b| b.try_into().ok())
                .ok_or(EINVAL)?;
            let len = usize::try_from(u64::from_ne_bytes(len))?;
            let content = bytes
                .get(HEADER..)
                .and_then(|b| b.get(..len))
                .ok_or(EINVAL)?;
            T::set_self(attribute, content).map(|()| 0)
        })
    }
}
