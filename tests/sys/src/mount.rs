// SPDX-License-Identifier: GPL-2.0

//! Mounts.

use std::ffi::CStr;
use std::io;

use rustix::mount::{MountFlags, UnmountFlags};

/// Mounts a file system of a kind.
pub fn mount(kind: &CStr, at: &CStr, options: &CStr) -> io::Result<()> {
    let flags = MountFlags::empty();
    Ok(rustix::mount::mount(kind, at, kind, flags, Some(options))?)
}

/// Detaches a file system. It ends as soon as nobody uses it.
pub fn unmount(at: &CStr) -> io::Result<()> {
    Ok(rustix::mount::unmount(at, UnmountFlags::DETACH)?)
}
