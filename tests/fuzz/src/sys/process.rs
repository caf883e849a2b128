// SPDX-License-Identifier: GPL-2.0

//! Processes, capabilities, memory shared by all of them, the control device.

use std::ffi::CString;
use std::sync::atomic::AtomicU64;

use super::{check, Result};

/// Makes memory that processes share by its descriptor, which stays open over
/// `exec`, at this number.
pub fn shared_memory(number: i32, cells: usize) -> Result<()> {
    // SAFETY: the name ends in NUL.
    let fd = check(unsafe { libc::memfd_create(c"world".as_ptr(), 0) }.into())? as i32;
    // SAFETY: `ftruncate` has no memory requirements.
    check(unsafe { libc::ftruncate(fd, (cells * 8) as i64) }.into())?;
    // SAFETY: nothing of this process is open at `number`.
    check(unsafe { libc::dup2(fd, number) }.into()).map(drop)
}

/// Maps it, for good.
pub fn map_shared(fd: i32, cells: usize) -> Result<&'static [AtomicU64]> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let none = std::ptr::null_mut();
    // SAFETY: a new mapping at an address of the kernel's choice.
    let ptr = unsafe { libc::mmap(none, cells * 8, protection, libc::MAP_SHARED, fd, 0) };
    if ptr == libc::MAP_FAILED {
        return Err(super::errno());
    }
    // SAFETY: the mapping is page-aligned, `cells` cells long, never undone,
    // and all its users use it as atomics.
    Ok(unsafe { std::slice::from_raw_parts(ptr.cast(), cells) })
}

/// Nanoseconds of the monotonic clock, the same for all processes.
pub fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// `fork()`; 0 in the child. Other threads do not exist there; the C library
/// sees to it that memory can be allocated all the same.
pub fn fork() -> Result<i32> {
    // SAFETY: the child only makes system calls and allocates.
    check(unsafe { libc::fork() }.into()).map(|pid| pid as i32)
}

/// `clone3()` with these flags, as `fork()`.
pub fn clone3(flags: u64) -> Result<i32> {
    // These would make the child share the stack.
    assert!(flags & (libc::CLONE_VM | libc::CLONE_THREAD | libc::CLONE_VFORK) as u64 == 0);
    let args = [flags, 0, 0, 0, libc::SIGCHLD as u64, 0, 0, 0];
    let size = std::mem::size_of_val(&args);
    // SAFETY: `args` is a struct clone_args of `size` bytes; without CLONE_VM
    // the child gets a copy of this stack.
    check(unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), size) }).map(|pid| pid as i32)
}

/// Ends this process at once.
pub fn exit(status: i32) -> ! {
    // SAFETY: `_exit` has no requirements.
    unsafe { libc::_exit(status) }
}

/// Ends this process by closing the program that runs in it and starting
/// another.
pub fn exec(args: &[String]) -> Result<()> {
    let args: Vec<CString> = args
        .iter()
        .filter_map(|a| CString::new(a.as_str()).ok())
        .collect();
    let mut list: Vec<*const libc::c_char> = args.iter().map(|a| a.as_ptr()).collect();
    list.push(std::ptr::null());
    // SAFETY: a list of strings that ends in a null pointer.
    check(unsafe { libc::execv(c"/proc/self/exe".as_ptr(), list.as_ptr()) }.into()).map(drop)
}

/// Reaps children as they end.
pub fn reap() {
    let none = std::ptr::null_mut();
    // SAFETY: a null pointer asks for no status.
    while unsafe { libc::waitpid(-1, none, libc::WNOHANG | libc::__WALL) } > 0 {}
}

/// Has the kernel reap children.
pub fn ignore_children() {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// Lets others go first: who watches must keep up. Not by far: what is killed
/// has to run to its end.
pub fn be_nice() {
    // SAFETY: `nice` has no memory requirements.
    unsafe { libc::nice(4) };
}

/// Has this thread run when no other wants to.
pub fn be_idle() {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is this thread, and `param` is only read.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &param) };
}

/// Lets others go first by far.
pub fn be_nicest() {
    // SAFETY: `nice` has no memory requirements.
    unsafe { libc::nice(19) };
}

/// Lets this thread, which does little, wait for few others.
pub fn be_prompt() {
    // SAFETY: no memory is involved; 0 is this thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -12) };
}

/// Has a thread, which is to end, not wait for others.
pub fn hurry(thread: i32) {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` is only read.
    unsafe { libc::sched_setscheduler(thread, libc::SCHED_OTHER, &param) };
    // SAFETY: no memory is involved.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, thread as u32, 0) };
}

/// Has this thread run before all ordinary ones, but not what it starts.
pub fn go_first(priority: i32) {
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    let param = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: 0 is this thread, and `param` is only read.
    unsafe { libc::sched_setscheduler(0, policy, &param) };
}

/// Whether a child has ended: with its exit status, or by a signal.
pub fn ended(pid: i32) -> Option<u8> {
    let mut status = 0;
    // SAFETY: `status` is writable.
    let got = unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) };
    match got {
        0 => None,
        _ if got == pid && libc::WIFEXITED(status) => Some(libc::WEXITSTATUS(status) as u8),
        _ => Some(128),
    }
}

/// Kills a process.
pub fn kill(pid: i32) {
    // SAFETY: signals touch nobody's memory.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// Makes orphaned descendants children of this process.
pub fn adopt_orphans() {
    // SAFETY: this option takes no pointers.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
}

extern "C" fn nothing(_: libc::c_int) {}

/// As long as this lives, what blocks in the thread that made it is interrupted.
pub struct Interruptions(libc::timer_t);

/// Interrupts what blocks in this thread, every so often. The signal is the thread's
/// own: of one to the whole process, which another thread takes, Linux may warn in a
/// wait for an io_uring (`restore_saved_sigmask_unless()`).
#[must_use]
pub fn interrupt_regularly(milliseconds: i64) -> Option<Interruptions> {
    // SAFETY: all fields may be zero.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the handler does nothing.
    unsafe { libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) };
    // SAFETY: likewise.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = libc::SIGALRM;
    // SAFETY: this takes no arguments.
    event.sigev_notify_thread_id = unsafe { libc::gettid() };
    let mut timer = std::ptr::null_mut();
    // SAFETY: `event` is read, and `timer` is room for one.
    if unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) } != 0 {
        return None;
    }
    let time = libc::timespec {
        tv_sec: milliseconds / 1000,
        tv_nsec: milliseconds % 1000 * 1_000_000,
    };
    let value = libc::itimerspec {
        it_interval: time,
        it_value: time,
    };
    // SAFETY: `timer` was made above, `value` is read, and no old one is asked for.
    unsafe { libc::timer_settime(timer, 0, &value, std::ptr::null_mut()) };
    Some(Interruptions(timer))
}

impl Drop for Interruptions {
    fn drop(&mut self) {
        // SAFETY: it was made by this process, and nobody else deletes it.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// Takes capabilities out of every set of this thread, and of what it starts.
pub fn drop_capabilities(which: &[u32]) -> Result<()> {
    for &capability in which {
        // SAFETY: this option takes no pointers.
        check(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) }.into())?;
    }
    // _LINUX_CAPABILITY_VERSION_3; pid 0 is this thread.
    let header = [0x2008_0522_u32, 0];
    // Effective, permitted, inheritable; low half, then high half.
    let mut data = [0_u32; 6];
    // SAFETY: `header` and `data` have the layout and size of version 3.
    let ret = unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), data.as_mut_ptr()) };
    check(ret)?;
    for &capability in which {
        let half = capability as usize / 32 * 3;
        for set in &mut data[half..half + 3] {
            *set &= !(1 << (capability % 32));
        }
    }
    // SAFETY: as above; the kernel only reads `data`.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) }).map(drop)
}

/// `unshare()`.
pub fn unshare(flags: i32) -> Result<()> {
    // SAFETY: namespaces do not affect memory.
    check(unsafe { libc::unshare(flags) }.into()).map(drop)
}

/// `setns()` to a network namespace.
pub fn enter_network(fd: i32) -> Result<()> {
    // SAFETY: namespaces do not affect memory.
    check(unsafe { libc::setns(fd, libc::CLONE_NEWNET) }.into()).map(drop)
}

/// A call that takes numbers only.
pub enum Call {
    /// `pidfd_open(pid)`.
    PidFd(i32),
    /// `pidfd_getfd(pidfd, fd)`.
    TakeFd(i32, i32),
    /// `ptrace(PTRACE_SEIZE, pid)`.
    Seize(i32),
    /// `ptrace(PTRACE_DETACH, pid)`.
    Detach(i32),
    /// `bpf()` with an attribute of zeroes.
    Bpf(i32),
    /// `setgid` and `setuid` to nobody.
    BeNobody,
}

/// Makes it.
pub fn call(call: &Call) -> Result<i32> {
    let zeroes = [0_u64; 16];
    let ret = match *call {
        // SAFETY: no memory is involved.
        Call::PidFd(pid) => unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) },
        // SAFETY: no memory is involved.
        Call::TakeFd(pidfd, fd) => unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd, fd, 0) },
        // SAFETY: seizing touches nobody's memory.
        Call::Seize(pid) => unsafe { libc::syscall(libc::SYS_ptrace, 0x4206, pid, 0, 0) },
        // SAFETY: nor does letting go.
        Call::Detach(pid) => unsafe { libc::syscall(libc::SYS_ptrace, 17, pid, 0, 0) },
        // SAFETY: `zeroes` is an attribute of its size, of null pointers.
        Call::Bpf(command) => unsafe {
            libc::syscall(libc::SYS_bpf, command, zeroes.as_ptr(), 128)
        },
        // SAFETY: no memory is involved.
        Call::BeNobody => unsafe { libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534) },
    };
    check(ret).map(|n| n as i32)
}

/// Writes a line at once, so that those of different processes do not mix.
pub fn print(line: &str) {
    let line = format!("{line}\n");
    // SAFETY: `line` is `line.len()` bytes long.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}
