// SPDX-License-Identifier: GPL-2.0

//! Making processes, ending them, waiting for them, and sending signals.

use std::io::{self, Write};
use std::os::fd::OwnedFd;

use rustix::process::{
    getpid, pidfd_getfd, set_child_subreaper, ForeignRawFd, Pid, PidfdFlags, PidfdGetfdFlags,
};

use super::check;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
}

/// Forks. Returns `None` in the child.
///
/// The child has one thread only. A lock that another thread held stays locked in the
/// child for ever. So if the caller has several threads, the child must take no lock that
/// another thread may hold. It may allocate: the C library's fork handlers see to that.
pub fn fork() -> io::Result<Option<i32>> {
    flush();
    // SAFETY: the caller guarantees that the child takes no lock that another thread held.
    // The child's memory is a copy.
    let pid = check(unsafe { libc::fork() }.into())?;
    Ok((pid != 0).then_some(pid as i32))
}

/// Flushes standard output, whose buffer a child would print a second time.
pub(crate) fn flush() {
    let _ = io::stdout().flush();
}

/// The id of this thread.
pub fn thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// Ends this process at once, without destructors.
pub fn exit_now(status: i32) -> ! {
    flush();
    exit_unflushed(status)
}

/// Ends this process at once, without destructors. Takes no lock, not even that of
/// standard output.
pub fn exit_unflushed(status: i32) -> ! {
    // SAFETY: `_exit` takes a number and runs no more code of this program.
    unsafe { libc::_exit(status) }
}

/// Waits for a child, or for any if `pid` is −1. Returns `None` if `nohang` and none has
/// ended. Goes on waiting when a signal interrupts it.
pub fn wait(pid: i32, nohang: bool) -> io::Result<Option<(i32, Status)>> {
    let flags = libc::__WALL | if nohang { libc::WNOHANG } else { 0 };
    let mut raw = 0;
    let got = loop {
        // SAFETY: this function owns `raw`, which the kernel writes.
        match check(unsafe { libc::waitpid(pid, &mut raw, flags) }.into()) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            got => break got? as i32,
        }
    };
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

/// Reaps children that have ended.
pub fn reap() {
    while let Ok(Some(_)) = wait(-1, true) {}
}

/// Sets whether the kernel reaps children by itself.
pub fn ignore_children(ignore: bool) {
    let how = if ignore { libc::SIG_IGN } else { libc::SIG_DFL };
    // SAFETY: neither value is a function of this program.
    unsafe { libc::signal(libc::SIGCHLD, how) };
}

/// Makes this process the parent of its orphaned descendants.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Sends a signal to a process, or to a group if the pid is negative.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: `kill` takes numbers only.
    check(unsafe { libc::kill(pid, signal) }.into()).map(drop)
}

/// Starts a session.
pub fn setsid() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Makes this process the leader of a new process group.
pub fn new_group() -> io::Result<()> {
    Ok(rustix::process::setpgid(None, None)?)
}

/// Opens a pidfd.
pub fn pidfd_open(pid: i32) -> io::Result<OwnedFd> {
    let pid = Pid::from_raw(pid).ok_or(rustix::io::Errno::INVAL)?;
    Ok(rustix::process::pidfd_open(pid, PidfdFlags::empty())?)
}

/// Takes a descriptor from another process.
pub fn take_descriptor(pid: i32, fd: i32) -> io::Result<OwnedFd> {
    let pidfd = pidfd_open(pid)?;
    Ok(pidfd_getfd(
        pidfd,
        fd as ForeignRawFd,
        PidfdGetfdFlags::empty(),
    )?)
}
