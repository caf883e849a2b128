// SPDX-License-Identifier: GPL-2.0

//! Processes, namespaces, capabilities and pipes.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
}

/// Forks. `None` in the child.
///
/// The caller must have one thread only: the child gets no other, and a lock
/// held by another thread would stay locked in it for ever.
pub fn fork() -> io::Result<Option<i32>> {
    flush();
    // SAFETY: the tests are single-threaded where they fork, as required
    // above, so the child may run any code.
    let pid = check(unsafe { libc::fork() }.into())?;
    Ok((pid != 0).then_some(pid as i32))
}

/// Makes a child with `clone3()` and the given flags. `None` in the child.
pub fn clone3(flags: u64) -> io::Result<Option<i32>> {
    // These would make the child share the stack.
    assert!(flags & (libc::CLONE_VM | libc::CLONE_THREAD | libc::CLONE_VFORK) as u64 == 0);
    flush();
    // struct clone_args, first version: flags, pidfd, child_tid, parent_tid,
    // exit_signal, stack, stack_size, tls. CLONE_PARENT takes no signal.
    let signal = if flags & libc::CLONE_PARENT as u64 == 0 {
        libc::SIGCHLD as u64
    } else {
        0
    };
    let args = [flags, 0, 0, 0, signal, 0, 0, 0];
    let size = std::mem::size_of_val(&args);
    // SAFETY: `args` is a struct clone_args of `size` bytes; without CLONE_VM
    // and with no stack given the child gets a copy of this one, as with fork.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), size) })?;
    Ok((pid != 0).then_some(pid as i32))
}

/// Tries to make a child with a process id that is taken. The kernel finds out
/// late, when most of the child exists, so this tests what it undoes.
pub fn clone3_with_taken_pid() -> io::Result<()> {
    let taken = 1_i32;
    // As above, then tls, set_tid, set_tid_size.
    let signal = libc::SIGCHLD as u64;
    let set_tid = std::ptr::addr_of!(taken) as u64;
    let args = [0, 0, 0, 0, signal, 0, 0, 0, set_tid, 1];
    let size = std::mem::size_of_val(&args);
    // SAFETY: `args` is a struct clone_args of `size` bytes, second version,
    // and `set_tid` points to one pid. Should there be a child it is a copy.
    match check(unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), size) })? {
        0 => exit_now(0),
        _ => Ok(()),
    }
}

fn flush() {
    // What is buffered would be printed twice otherwise.
    let _ = io::stdout().flush();
}

/// Ends this process at once, without destructors.
pub fn exit_now(status: i32) -> ! {
    flush();
    // SAFETY: `_exit` has no requirements.
    unsafe { libc::_exit(status) }
}

/// Waits for a child; `-1` for any. `None` when `nohang` and none has ended.
pub fn wait(pid: i32, nohang: bool) -> io::Result<Option<(i32, Status)>> {
    let flags = if nohang { libc::WNOHANG } else { 0 };
    let mut raw = 0;
    // SAFETY: `raw` is writable for the call.
    let got = check(unsafe { libc::waitpid(pid, &mut raw, flags | libc::__WALL) }.into())? as i32;
    if got == 0 {
        return Ok(None);
    }
    let status = if libc::WIFEXITED(raw) {
        Status::Exited(libc::WEXITSTATUS(raw))
    } else {
        Status::Killed(libc::WTERMSIG(raw))
    };
    Ok(Some((got, status)))
}

/// Sends a signal to a process, or with a negative pid to a group.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: `kill` has no memory requirements.
    check(unsafe { libc::kill(pid, signal) }.into()).map(drop)
}

/// Moves this process to new namespaces.
pub fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: namespaces do not affect memory.
    check(unsafe { libc::unshare(flags) }.into()).map(drop)
}

/// Starts a session.
pub fn setsid() -> io::Result<()> {
    // SAFETY: `setsid` has no requirements.
    check(unsafe { libc::setsid() }.into()).map(drop)
}

/// Makes orphaned descendants children of this process.
pub fn adopt_orphans() -> io::Result<()> {
    // SAFETY: this option takes no pointers.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }.into()).map(drop)
}

/// Opens a pidfd.
pub fn pidfd_open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: `pidfd_open` has no memory requirements.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// `_LINUX_CAPABILITY_VERSION_3`, and pid 0 for this thread.
const CAPABILITY_HEADER: [u32; 2] = [0x2008_0522, 0];

/// Takes all capabilities from this thread, those too that `exec` could give it.
pub fn drop_all_capabilities() -> io::Result<()> {
    // As many as there can be; beyond those that there are it is `EINVAL`.
    for capability in 0..64_u64 {
        // SAFETY: this option takes no pointers.
        let ret = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match check(ret.into()) {
            Err(e) if e.raw_os_error() != Some(libc::EINVAL) => return Err(e),
            _ => {}
        }
    }
    let (header, none) = (CAPABILITY_HEADER, [0_u32; 6]);
    // SAFETY: both have the layout and size of version 3; the kernel only reads
    // them.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).map(drop)
}

/// Takes a capability out of the effective and permitted set of this thread.
pub fn drop_capability(capability: u32) -> io::Result<()> {
    let header = CAPABILITY_HEADER;
    // Effective, permitted, inheritable; low half, then high half.
    let mut data = [0_u32; 6];
    // SAFETY: `header` and `data` have the layout and size of version 3.
    let ret = unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), data.as_mut_ptr()) };
    check(ret)?;
    let (half, bit) = (capability as usize / 32 * 3, capability % 32);
    data[half] &= !(1 << bit);
    data[half + 1] &= !(1 << bit);
    // SAFETY: as above; the kernel only reads `data`.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) }).map(drop)
}

/// Has this thread, and what it makes, run only when nobody else wants to.
pub fn run_when_idle() -> io::Result<()> {
    let none = libc::sched_param { sched_priority: 0 };
    // SAFETY: `none` is valid for the call.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &none) }.into()).map(drop)
}

/// Lets this process have so many descriptors.
pub fn allow_descriptors(count: usize) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: count as libc::rlim_t,
        rlim_max: count as libc::rlim_t,
    };
    // SAFETY: the limit is valid for the call.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }.into()).map(drop)
}

/// The effective user id of this process.
pub fn effective_user() -> u32 {
    // SAFETY: `geteuid` has no requirements.
    unsafe { libc::geteuid() }
}

/// Takes a descriptor from another process.
pub fn take_descriptor(pid: i32, fd: i32) -> io::Result<OwnedFd> {
    let pidfd = pidfd_open(pid)?;
    // SAFETY: `pidfd_getfd` has no memory requirements.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Makes a pipe: what is written to the second end comes out of the first.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: `fds` is room for two descriptors.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }.into())?;
    // SAFETY: the call returned a new descriptor that nobody else owns.
    let read = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    // SAFETY: likewise.
    let write = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    Ok((read, write))
}

/// Makes standard output and standard error of this process go to `fd`.
pub fn redirect_output(fd: BorrowedFd<'_>) -> io::Result<()> {
    for target in [1, 2] {
        // SAFETY: both are descriptors; nothing in this process owns 1 and 2.
        check(unsafe { libc::dup2(fd.as_raw_fd(), target) }.into())?;
    }
    Ok(())
}

/// Waits until one of many descriptors is readable or the time is over; says
/// which are.
pub fn poll_many(fds: &[BorrowedFd<'_>], milliseconds: i32) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> = fds
        .iter()
        .map(|fd| libc::pollfd {
            fd: fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let count = polled.len() as libc::nfds_t;
    // SAFETY: `polled` is an array of `count` entries.
    check(unsafe { libc::poll(polled.as_mut_ptr(), count, milliseconds) }.into())?;
    Ok(polled.iter().map(|p| p.revents != 0).collect())
}

/// Waits until one of the descriptors is readable or the time is over; says
/// which are.
pub fn poll_readable<const N: usize>(
    fds: [BorrowedFd<'_>; N],
    milliseconds: i32,
) -> io::Result<[bool; N]> {
    let mut polled = fds.map(|fd| libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: `polled` is an array of N entries.
    check(unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, milliseconds) }.into())?;
    Ok(polled.map(|p| p.revents != 0))
}
