// SPDX-License-Identifier: GPL-2.0

//! Unusual ways to make a process, to become another one, and to change
//! namespaces.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;
use super::process::exit_now;

/// Enough for what a child without a stack of its own does here.
const STACK: usize = 256 * 1024;

/// `CLONE_INTO_CGROUP` of `include/uapi/linux/sched.h`.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Makes a child that shares this process's memory but is no thread of it, and
/// which ends with the status that `f` returns.
///
/// The caller has one thread only and waits for the child at once, so that the
/// two are never at work at the same time.
pub fn sharing_memory(flags: i32, mut f: impl FnMut() -> i32) -> io::Result<i32> {
    extern "C" fn start<F: FnMut() -> i32>(f: *mut c_void) -> i32 {
        // SAFETY: this is the `f` below, which nobody else touches meanwhile.
        let f = unsafe { &mut *f.cast::<F>() };
        f()
    }
    fn start_of<F: FnMut() -> i32>(_: &F) -> extern "C" fn(*mut c_void) -> i32 {
        start::<F>
    }
    let start = start_of(&f);
    let mut stack = vec![0_u128; STACK / 16];
    let top = stack.as_mut_ptr_range().end;
    let flags = flags | libc::CLONE_VM | libc::SIGCHLD;
    // SAFETY: `top` is the aligned end of a stack that lives until the child
    // has ended, and so does `f`: both are waited for below.
    let pid = check(unsafe { libc::clone(start, top.cast(), flags, (&raw mut f).cast()) }.into())?;
    let ended = super::process::wait(pid as i32, false)?;
    drop(stack);
    match ended {
        Some((_, super::process::Status::Exited(status))) => Ok(status),
        other => Err(io::Error::other(format!("the child ended so: {other:?}"))),
    }
}

/// struct clone_args, third version: flags, pidfd, child_tid, parent_tid,
/// exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup.
fn clone3(mut args: [u64; 11]) -> io::Result<Option<i32>> {
    args[4] = libc::SIGCHLD as u64;
    let size = std::mem::size_of_val(&args);
    // SAFETY: `args` is a struct clone_args of `size` bytes; without CLONE_VM
    // and with no stack given the child gets a copy of this one, as with fork.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), size) })?;
    Ok((pid != 0).then_some(pid as i32))
}

/// Makes a child in a control group, given by its directory. `None` in the
/// child.
pub fn into_cgroup(directory: BorrowedFd<'_>) -> io::Result<Option<i32>> {
    let mut args = [0; 11];
    args[0] = CLONE_INTO_CGROUP;
    args[10] = directory.as_raw_fd() as u64;
    clone3(args)
}

/// Makes a child with this process id, which must be free. `None` in the
/// child.
pub fn with_pid(pid: i32) -> io::Result<Option<i32>> {
    let mut args = [0; 11];
    args[8] = (&raw const pid) as u64;
    args[9] = 1;
    clone3(args)
}

/// Makes a child that shares the table of descriptors, runs `f`, and exits.
pub fn sharing_descriptors(f: impl FnOnce()) -> io::Result<i32> {
    sharing(libc::CLONE_FILES, f)
}

/// The same, and waits for its end as `vfork()` does: not to be interrupted.
pub fn sharing_descriptors_until_the_end(f: impl FnOnce()) -> io::Result<i32> {
    sharing(libc::CLONE_FILES | libc::CLONE_VFORK, f)
}

fn sharing(flags: i32, f: impl FnOnce()) -> io::Result<i32> {
    let mut args = [0; 11];
    args[0] = flags as u64;
    match clone3(args)? {
        Some(pid) => Ok(pid),
        None => crate::child::end_with(f),
    }
}

/// Takes over a descriptor that another process opened in the table that both
/// share, and does nothing with any more.
pub fn opened_by_another(number: i32) -> OwnedFd {
    // SAFETY: nothing in this process owns that number, as said above.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Ends this thread only.
pub fn exit_thread() -> ! {
    exit_thread_with(0)
}

/// Ends this thread only, and with it the process if it was the only one, with
/// this status. Takes no lock.
pub fn exit_thread_with(status: i32) -> ! {
    // SAFETY: the thread takes nothing with it; what it borrows from its stack
    // to others stays mapped.
    unsafe { libc::syscall(libc::SYS_exit, status) };
    exit_now(1)
}

/// Enters the namespaces of a descriptor.
pub fn enter_namespaces(fd: BorrowedFd<'_>, kinds: i32) -> io::Result<()> {
    // SAFETY: namespaces do not affect memory.
    check(unsafe { libc::setns(fd.as_raw_fd(), kinds) }.into()).map(drop)
}

/// A user without privileges.
pub const NOBODY: u32 = 65534;

/// Becomes another user for good, without capabilities, but one that its own
/// other processes may trace.
pub fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: an empty list has no memory requirements.
    check(unsafe { libc::setgroups(0, std::ptr::null()) }.into())?;
    // SAFETY: user and group do not affect memory.
    check(unsafe { libc::setresgid(id, id, id) }.into())?;
    // SAFETY: likewise.
    check(unsafe { libc::setresuid(id, id, id) }.into())?;
    // SAFETY: this option takes no pointers.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) }.into()).map(drop)
}
