// SPDX-License-Identifier: GPL-2.0

//! Namespaces.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::thread::{move_into_link_name_space, LinkNameSpaceType};

use super::check;

/// Moves this thread to new namespaces.
pub fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: `unshare` takes a number. Namespaces do not affect the memory of this
    // process. With `CLONE_FILES` the thread gets a copy of the descriptor table, in which
    // every owned descriptor is still open.
    check(unsafe { libc::unshare(flags) }.into()).map(drop)
}

/// Enters the namespaces of a descriptor.
pub fn enter_namespaces(fd: impl AsRawFd, kinds: i32) -> io::Result<()> {
    // SAFETY: `setns` takes numbers. Namespaces do not affect the memory of this process.
    check(unsafe { libc::setns(fd.as_raw_fd(), kinds) }.into()).map(drop)
}

/// Enters the network namespace of a descriptor.
pub fn enter_network(fd: impl AsFd) -> io::Result<()> {
    let kind = Some(LinkNameSpaceType::Network);
    Ok(move_into_link_name_space(fd.as_fd(), kind)?)
}
