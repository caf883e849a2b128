// SPDX-License-Identifier: GPL-2.0

//! The control group of a task.

use kernel::error::to_result;
use kernel::prelude::*;

use crate::sys::raw;

/// The longest path with its NUL, in bytes.
const ROOM: usize = 4096;

/// The path of a control group (version 2) from the root of the hierarchy.
pub(crate) struct GroupPath(KVVec<u8>);

impl GroupPath {
    /// That of the running task. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` when it is too long, `EOPNOTSUPP` when the kernel has no control groups, `ENOMEM`.
    pub(crate) fn of_current() -> Result<Self> {
        let mut path = KVVec::from_elem(0, ROOM, GFP_KERNEL)?;
        // SAFETY: The buffer has as many bytes, and nobody else uses it.
        let len = unsafe { raw::acf_helper_current_cgroup(path.as_mut_ptr().cast(), ROOM) };
        to_result(len)?;
        path.truncate(len.try_into()?);
        Ok(Self(path))
    }

    /// The path, without a NUL at its end.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
