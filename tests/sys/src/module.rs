// SPDX-License-Identifier: GPL-2.0

//! Kernel modules.

use std::ffi::CStr;
use std::io;

use rustix::system::delete_module;

/// Unloads a kernel module even if it is in use, if the kernel supports that.
pub fn force_delete_module(name: &CStr) -> io::Result<()> {
    Ok(delete_module(name, libc::O_NONBLOCK | libc::O_TRUNC)?)
}
