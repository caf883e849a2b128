// SPDX-License-Identifier: GPL-2.0

//! System calls that the standard library does not offer, one function each.
//! Nothing outside this file is unsafe.

use std::arch::asm;
use std::io::{self, Write};
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::AtomicU64;

/// Turns the −1 of a system call into the error it stands for.
fn check(ret: libc::c_long) -> io::Result<libc::c_long> {
    if ret == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(ret)
    }
}

/// Forks. `None` in the child.
///
/// The caller must have one thread only: the child gets no other, and a lock
/// held by another thread would stay locked in it for ever.
pub fn fork() -> io::Result<Option<i32>> {
    // What is buffered would be printed twice otherwise.
    let _ = io::stdout().flush();
    // SAFETY: processes here fork before they make threads, as required above,
    // so the child may run any code.
    let pid = check(unsafe { libc::fork() }.into())?;
    Ok((pid != 0).then_some(pid as i32))
}

/// Forks and ends the child at once, which is allowed with threads around too;
/// its process id.
pub fn fork_and_exit() -> io::Result<i32> {
    // SAFETY: the raw call runs no handlers, and the child does nothing but
    // the next call.
    let pid = check(unsafe { libc::syscall(libc::SYS_fork) })?;
    if pid == 0 {
        exit_now(0);
    }
    Ok(pid as i32)
}

/// Ends this process at once, without destructors.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` has no requirements.
    unsafe { libc::_exit(status) }
}

extern "C" fn exit_child(_: *mut libc::c_void) -> libc::c_int {
    0
}

/// Makes a child that shares this memory and exits at once, and waits for it:
/// the cheapest fork there is.
pub fn vfork_and_wait() -> io::Result<()> {
    #[repr(align(16))]
    struct Stack([u8; 4096]);
    let mut stack = Stack([0; 4096]);
    let top = stack.0.as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child runs on `stack`, which is as aligned as a stack must
    // be, until it exits; only then does the call return here.
    let pid = check(unsafe { libc::clone(exit_child, top.cast(), flags, ptr::null_mut()) }.into())?;
    wait(pid as i32, false).map(drop)
}

/// Bytes of stack for each of [`Sleepers`].
const SLEEPER_STACK: usize = 512;

/// Memory for the stacks of processes that do nothing.
pub struct Sleepers {
    stacks: *mut u8,
    room: usize,
    made: usize,
}

extern "C" fn sleep_for_ever(_: *mut libc::c_void) -> libc::c_int {
    loop {
        // SAFETY: pause(2), called directly because the C library's function
        // writes `errno`, which these processes share with their maker.
        unsafe {
            asm!("syscall", inout("rax") libc::SYS_pause => _, out("rcx") _, out("r11") _,
                options(nostack));
        }
    }
}

impl Sleepers {
    /// Room for so many processes. Their memory is never given back.
    pub fn new(room: usize) -> io::Result<Self> {
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let len = room * SLEEPER_STACK;
        // SAFETY: new memory at an address that the kernel chooses.
        let stacks = unsafe { libc::mmap(ptr::null_mut(), len, prot, flags, -1, 0) };
        if stacks == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            stacks: stacks.cast(),
            room,
            made: 0,
        })
    }

    /// Makes a process that shares this memory and sleeps until it is killed;
    /// its id.
    pub fn spawn(&mut self) -> io::Result<i32> {
        assert!(self.made < self.room);
        self.made += 1;
        let flags = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_SIGHAND | libc::SIGCHLD;
        // SAFETY: within the mapping, or at its end.
        let top = unsafe { self.stacks.add(self.made * SLEEPER_STACK) };
        // SAFETY: the stack below `top` belongs to this child for ever, and
        // `sleep_for_ever` needs no more of it than a return address.
        let pid = unsafe { libc::clone(sleep_for_ever, top.cast(), flags, ptr::null_mut()) };
        check(pid.into()).map(|pid| pid as i32)
    }
}

/// Makes a child as `vfork` does, that sleeps until it is killed, and waits for
/// that.
pub fn vfork_and_hang() -> io::Result<()> {
    #[repr(align(16))]
    struct Stack([u8; 4096]);
    let mut stack = Stack([0; 4096]);
    let top = stack.0.as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: as in `vfork_and_wait`. Should this process be killed first, the
    // child keeps the memory.
    let pid = unsafe { libc::clone(sleep_for_ever, top.cast(), flags, ptr::null_mut()) };
    check(pid.into()).map(drop)
}

/// Waits for a child, or with −1 for any; the one that ended and whether it
/// exited with status 0. `None` when `nohang` and none has ended.
pub fn wait(pid: i32, nohang: bool) -> io::Result<Option<(i32, bool)>> {
    let flags = libc::__WALL | if nohang { libc::WNOHANG } else { 0 };
    let mut raw = 0;
    loop {
        // SAFETY: `raw` is writable for the call.
        match check(unsafe { libc::waitpid(pid, &mut raw, flags) }.into()) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            got => {
                let got = got? as i32;
                return Ok((got != 0).then_some((got, raw == 0)));
            }
        }
    }
}

/// Sends a signal to a process, or with a negative pid to a group.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: `kill` has no memory requirements.
    check(unsafe { libc::kill(pid, signal) }.into()).map(drop)
}

/// Makes this process the leader of a group.
pub fn new_group() -> io::Result<()> {
    // SAFETY: `setpgid` has no memory requirements.
    check(unsafe { libc::setpgid(0, 0) }.into()).map(drop)
}

/// Lets children go without being waited for.
pub fn ignore_children(ignore: bool) {
    let how = if ignore { libc::SIG_IGN } else { libc::SIG_DFL };
    // SAFETY: neither installs a function.
    unsafe { libc::signal(libc::SIGCHLD, how) };
}

/// Makes orphaned descendants children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    // SAFETY: this option takes no pointers.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }.into()).map(drop)
}

/// Moves this process to a new network namespace.
pub fn new_network() -> io::Result<()> {
    // SAFETY: namespaces do not affect memory.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) }.into()).map(drop)
}

/// Makes this process one of an ordinary user, with at most so many processes.
pub fn become_user(uid: u32, processes: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: processes,
        rlim_max: processes,
    };
    // SAFETY: the kernel reads `limit`.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &limit) }.into())?;
    // SAFETY: `setresuid` has no memory requirements.
    check(unsafe { libc::setresuid(uid, uid, uid) }.into()).map(drop)
}

/// Lets this process, and its children, run when nobody else wants to.
pub fn be_nice() {
    // SAFETY: `nice` has no memory requirements.
    unsafe { libc::nice(19) };
}

/// Begins to trace a process, without stopping it.
pub fn trace(pid: i32) -> io::Result<()> {
    let none = ptr::null_mut::<libc::c_void>();
    // SAFETY: this request uses no memory.
    check(unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, none, none) }).map(drop)
}

/// Counters that this process shares with the children it makes afterwards.
pub fn shared_counters(count: usize) -> io::Result<&'static [AtomicU64]> {
    let len = count * size_of::<AtomicU64>();
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: new memory at an address that the kernel chooses.
    let at = unsafe { libc::mmap(ptr::null_mut(), len, prot, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `len` bytes of zeroes, aligned to a page, that are never
    // unmapped.
    Ok(unsafe { std::slice::from_raw_parts(at.cast(), count) })
}

/// Opens a socket of any kind.
pub fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: `socket` has no memory requirements.
    let fd = check(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) }.into())?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Sets an option to a number, whatever comes of it.
pub fn set_option(socket: BorrowedFd<'_>, level: i32, option: i32, value: i32) -> io::Result<()> {
    let (fd, len) = (socket.as_raw_fd(), size_of::<i32>() as u32);
    let value = ptr::addr_of!(value).cast();
    // SAFETY: the kernel reads `len` bytes at `value`.
    check(unsafe { libc::setsockopt(fd, level, option, value, len) }.into()).map(drop)
}

/// Calls bpf(2) with a command that does not exist.
pub fn bpf_nothing() -> io::Result<()> {
    let attributes = [0_u64; 2];
    let size = size_of::<[u64; 2]>();
    // SAFETY: the kernel may read `size` bytes of `attributes`.
    check(unsafe { libc::syscall(libc::SYS_bpf, 9999, attributes.as_ptr(), size) }).map(drop)
}

/// Takes a descriptor from another process.
pub fn take_descriptor(pid: i32, fd: i32) -> io::Result<OwnedFd> {
    // SAFETY: `pidfd_open` has no memory requirements.
    let pidfd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd as i32) };
    // SAFETY: `pidfd_getfd` has no memory requirements.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
