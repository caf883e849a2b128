// SPDX-License-Identifier: GPL-2.0

//! User ids.

use std::io;

use rustix::process::{set_dumpable_behavior, DumpableBehavior, Uid};
use rustix::thread::set_thread_res_uid;

use super::check;

/// A user without privileges.
pub const NOBODY: u32 = 65534;

/// Becomes another user for ever, without capabilities. Other processes of that user may
/// trace this one.
pub fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: the list has no entries, so the kernel reads none.
    check(unsafe { libc::setgroups(0, std::ptr::null()) }.into())?;
    // SAFETY: `setresgid` takes numbers only.
    check(unsafe { libc::setresgid(id, id, id) }.into())?;
    set_user(id)?;
    Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

/// Becomes another user for ever, and keeps the groups of this process.
pub fn set_user(id: u32) -> io::Result<()> {
    // SAFETY: `setresuid` takes numbers only.
    check(unsafe { libc::setresuid(id, id, id) }.into()).map(drop)
}

/// Changes the user of this thread for ever, and of no other thread.
pub fn set_thread_user(id: u32) -> io::Result<()> {
    let id = Uid::from_raw(id);
    Ok(set_thread_res_uid(id, id, id)?)
}

/// Becomes another group for ever, without further groups.
pub fn set_group(id: u32) -> io::Result<()> {
    // SAFETY: the list has no entries, so the kernel reads none.
    check(unsafe { libc::setgroups(0, std::ptr::null()) }.into())?;
    // SAFETY: `setresgid` takes numbers only.
    check(unsafe { libc::setresgid(id, id, id) }.into()).map(drop)
}

/// Gives this process a real, an effective and a saved user id.
pub fn set_user_ids([real, effective, saved]: [u32; 3]) -> io::Result<()> {
    // SAFETY: `setresuid` takes numbers only.
    check(unsafe { libc::setresuid(real, effective, saved) }.into()).map(drop)
}

/// Lets others that have the same user trace this process and read its memory, or nobody.
pub fn set_traceable(traceable: bool) -> io::Result<()> {
    let behavior = match traceable {
        true => DumpableBehavior::Dumpable,
        false => DumpableBehavior::NotDumpable,
    };
    Ok(set_dumpable_behavior(behavior)?)
}

/// Keeps the permitted capabilities when this thread becomes another user.
pub fn keep_capabilities() -> io::Result<()> {
    Ok(rustix::thread::set_keep_capabilities(true)?)
}

/// The effective user id of this process.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
