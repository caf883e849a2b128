// SPDX-License-Identifier: GPL-2.0

//! Unusual ways to make a process, and to end a thread.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;
use super::child::end_with;
use super::process::{exit_now, flush, wait, Status};

/// Bytes of stack, enough for what such a child runs.
const STACK: usize = 256 * 1024;

/// `CLONE_INTO_CGROUP` of `include/uapi/linux/sched.h`.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Makes a child that shares this process's memory but is no thread of it, and waits for
/// it. The child exits with the status that `f` returns.
///
/// The caller must have one thread only, so that the parent and the child never run at
/// the same time.
pub fn sharing_memory(flags: i32, mut f: impl FnMut() -> i32) -> io::Result<i32> {
    extern "C" fn start<F: FnMut() -> i32>(f: *mut c_void) -> i32 {
        // SAFETY: `sharing_memory` passes its `f`, of this type, and does not touch it
        // until this child has ended.
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
    // SAFETY: `top` is the aligned end of `stack`. This function owns it and `f` until
    // the child has ended, which it waits for below.
    let pid = check(unsafe { libc::clone(start, top.cast(), flags, (&raw mut f).cast()) }.into())?;
    let ended = wait(pid as i32, false)?;
    drop(stack);
    match ended {
        Some((_, Status::Exited(status))) => Ok(status),
        other => Err(io::Error::other(format!("the child ended so: {other:?}"))),
    }
}

/// struct clone_args, third version: flags, pidfd, child_tid, parent_tid,
/// exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup.
type Arguments = [u64; 11];

/// The arguments for a child like one of `fork()`.
fn arguments(flags: u64) -> Arguments {
    // With one of these flags the child would share the stack.
    assert!(flags & (libc::CLONE_VM | libc::CLONE_THREAD) as u64 == 0);
    let mut args = [0; 11];
    args[0] = flags;
    // With CLONE_PARENT the exit signal is that of this process, and clone3() takes none.
    if flags & libc::CLONE_PARENT as u64 == 0 {
        args[4] = libc::SIGCHLD as u64;
    }
    args
}

/// Makes a child. Returns `None` in the child. The contract of `fork()` holds.
fn clone(args: &Arguments) -> io::Result<Option<i32>> {
    flush();
    let (ptr, size) = (args.as_ptr(), std::mem::size_of_val(args));
    // SAFETY: the type guarantees a struct clone_args of `size` bytes. `arguments`
    // guarantees that there is no CLONE_VM and no stack, so the child gets a copy of this
    // stack, as with fork. `set_tid` is null or points to a pid in the caller's frame.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, ptr, size) })?;
    Ok((pid != 0).then_some(pid as i32))
}

/// Makes a child with `clone3()` and the given flags. Returns `None` in the child.
pub fn clone3(flags: u64) -> io::Result<Option<i32>> {
    assert!(flags & libc::CLONE_VFORK as u64 == 0);
    clone(&arguments(flags))
}

/// Tries to make a child with a process id that is in use. The kernel checks the id late,
/// when most of the child exists, so this tests how it undoes that.
pub fn clone3_with_taken_pid() -> io::Result<()> {
    match with_pid(1)? {
        None => exit_now(0),
        Some(_) => Ok(()),
    }
}

/// Makes a child in a control group, given by its directory. Returns `None` in the
/// child.
pub fn into_cgroup(directory: BorrowedFd<'_>) -> io::Result<Option<i32>> {
    let mut args = arguments(CLONE_INTO_CGROUP);
    args[10] = directory.as_raw_fd() as u64;
    clone(&args)
}

/// Makes a child with this process id, which must be free. Returns `None` in the child.
pub fn with_pid(pid: i32) -> io::Result<Option<i32>> {
    let mut args = arguments(0);
    args[8] = (&raw const pid) as u64;
    args[9] = 1;
    clone(&args)
}

/// Makes a child that shares the table of descriptors, runs `f`, and exits.
pub fn sharing_descriptors(f: impl FnOnce()) -> io::Result<i32> {
    sharing(libc::CLONE_FILES, f)
}

/// Makes such a child and waits for its end as `vfork()` does, uninterruptibly.
pub fn sharing_descriptors_until_the_end(f: impl FnOnce()) -> io::Result<i32> {
    sharing(libc::CLONE_FILES | libc::CLONE_VFORK, f)
}

fn sharing(flags: i32, f: impl FnOnce()) -> io::Result<i32> {
    match clone(&arguments(flags as u64))? {
        Some(pid) => Ok(pid),
        None => end_with(f),
    }
}

/// Ends this thread only.
pub fn exit_thread() -> ! {
    exit_thread_with(0)
}

/// Ends this thread only. If it is the last one, the process exits with this status.
/// Takes no lock.
pub fn exit_thread_with(status: i32) -> ! {
    // SAFETY: `exit` takes a number. The thread frees nothing, so memory on its stack that
    // other threads borrowed stays mapped.
    unsafe { libc::syscall(libc::SYS_exit, status) };
    exit_now(1)
}
