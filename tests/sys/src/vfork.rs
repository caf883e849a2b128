// SPDX-License-Identifier: GPL-2.0

//! Children that share this process's memory and do nothing: the cheapest forks.

use std::arch::asm;
use std::ffi::{c_int, c_void};
use std::{io, ptr};

use super::check;
use super::memory::anonymous;
use super::process::{exit_unflushed, wait};

/// Forks a child that exits at once. Returns its process id. The caller may have several
/// threads.
pub fn fork_and_exit() -> io::Result<i32> {
    // SAFETY: the raw call runs no fork handlers. The child's only call is the next one,
    // which takes no lock.
    let pid = check(unsafe { libc::syscall(libc::SYS_fork) })?;
    if pid == 0 {
        exit_unflushed(0);
    }
    Ok(pid as i32)
}

/// The function that a child runs.
type Life = extern "C" fn(*mut c_void) -> c_int;

extern "C" fn exit_at_once(_: *mut c_void) -> c_int {
    0
}

extern "C" fn sleep_for_ever(_: *mut c_void) -> c_int {
    loop {
        // SAFETY: pause(2) accesses no memory. The C library's function would write `errno`,
        // which these processes share with their parent.
        unsafe {
            asm!("syscall", inout("rax") libc::SYS_pause => _, out("rcx") _, out("r11") _,
                options(nostack));
        }
    }
}

/// Makes a child as `vfork` does, and waits until it has left this memory. Returns its
/// process id.
fn vfork(life: Life) -> io::Result<i32> {
    #[repr(align(16))]
    struct Stack([u8; 4096]);
    let mut stack = Stack([0; 4096]);
    let top = stack.0.as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child runs on `stack`, whose type has the alignment of a stack. With
    // CLONE_VFORK the kernel returns here only when the child has ended. If this process is
    // killed first, the child keeps the memory.
    let pid = unsafe { libc::clone(life, top.cast(), flags, ptr::null_mut()) };
    check(pid.into()).map(|pid| pid as i32)
}

/// Makes a child that shares this memory and exits at once, and waits for it.
pub fn vfork_and_wait() -> io::Result<()> {
    wait(vfork(exit_at_once)?, false).map(drop)
}

/// Makes a child as `vfork` does. The child sleeps until it is killed, and this call waits
/// for that.
pub fn vfork_and_hang() -> io::Result<()> {
    vfork(sleep_for_ever).map(drop)
}

/// Bytes of stack for each of [`Sleepers`].
const SLEEPER_STACK: usize = 512;

/// Memory for the stacks of processes that only sleep.
///
/// # Invariants
///
/// `stacks` is the start of a mapping of `room` stacks that is never unmapped. The first
/// `made` stacks belong to processes.
pub struct Sleepers {
    stacks: *mut u8,
    room: usize,
    made: usize,
}

impl Sleepers {
    /// Room for `room` processes. Their memory is never freed.
    pub fn new(room: usize) -> io::Result<Self> {
        let stacks = anonymous(room * SLEEPER_STACK, libc::MAP_PRIVATE)?;
        // INVARIANT: it was just mapped, and nothing here unmaps it.
        Ok(Self {
            stacks: stacks.as_ptr(),
            room,
            made: 0,
        })
    }

    /// Makes a process that shares this memory and sleeps until it is killed. Returns its
    /// id.
    pub fn spawn(&mut self) -> io::Result<i32> {
        assert!(self.made < self.room);
        // INVARIANT: the check above keeps it at or below `room`. The stack goes to the
        // process made here.
        self.made += 1;
        let flags = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_SIGHAND | libc::SIGCHLD;
        // SAFETY: the type invariants and the check above guarantee that this is within
        // the mapping, or at its end.
        let top = unsafe { self.stacks.add(self.made * SLEEPER_STACK) };
        // SAFETY: the type invariants give the stack below `top` to this child for
        // ever, and `sleep_for_ever` needs no more of it than a return address.
        let pid = unsafe { libc::clone(sleep_for_ever, top.cast(), flags, ptr::null_mut()) };
        check(pid.into()).map(|pid| pid as i32)
    }
}
