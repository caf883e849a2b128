// SPDX-License-Identifier: GPL-2.0

//! What a task asks about itself.

use core::ffi::c_int;
use core::ffi::c_uint;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use super::address_bytes;

/// The running task changes an attribute of itself.
pub(crate) trait AttributeHooks {
    /// `lsm_set_self_attr()` with this attribute and content. May sleep.
    fn set_self(attribute: u32, content: &[u8]) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Attributes<T>(PhantomData<T>);

impl<T: AttributeHooks> Attributes<T> {
    /// # Safety
    ///
    /// Called by the LSM core: `ctx` points to `size` bytes of kernel memory,
    /// which hold its header and the content the header announces.
    pub(super) unsafe extern "C" fn setselfattr(
        attribute: c_uint,
        ctx: *mut bindings::lsm_ctx,
        size: u32,
        _flags: u32,
    ) -> c_int {
        from_result(|| {
            // id, flags, len, ctx_len: 64 bits each.
            const HEADER: usize = 32;
            // SAFETY: By the function's contract.
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
