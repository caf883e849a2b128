// SPDX-License-Identifier: GPL-2.0

//! Looking into other processes, and what is handed from one to another.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;
use super::socket::{recvmsg, sendmsg};

/// A `ptrace()` call that takes no memory.
fn ptrace(request: libc::c_uint, pid: i32) -> io::Result<()> {
    let null = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: the requests made here have no memory requirements.
    check(unsafe { libc::ptrace(request, pid, null, null) }).map(drop)
}

/// Attaches to a process, which stops it.
pub fn attach(pid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_ATTACH, pid)
}

/// Attaches to a process without stopping it.
pub fn seize(pid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_SEIZE, pid)
}

/// Has the parent trace this process.
pub fn trace_me() -> io::Result<()> {
    ptrace(libc::PTRACE_TRACEME, 0)
}

/// Stops a process that was seized.
pub fn interrupt(pid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_INTERRUPT, pid)
}

/// Waits until a traced process has stopped.
pub fn wait_for_stop(pid: i32) -> io::Result<()> {
    let null = std::ptr::null_mut();
    // SAFETY: no status is asked for, so nothing is written.
    check(unsafe { libc::waitpid(pid, null, libc::__WALL) }.into()).map(drop)
}

/// Lets a process go that has stopped.
pub fn detach(pid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_DETACH, pid)
}

fn part(address: usize, len: usize) -> libc::iovec {
    libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: len,
    }
}

/// Reads another process's memory.
pub fn read_memory(pid: i32, address: usize, room: &mut [u8]) -> io::Result<()> {
    let (here, there) = (
        part(room.as_mut_ptr() as usize, room.len()),
        part(address, room.len()),
    );
    // SAFETY: the kernel writes to `room` only, and no further than its end.
    let got = unsafe { libc::process_vm_readv(pid, &here, 1, &there, 1, 0) };
    check(got as _).map(drop)
}

/// Writes another process's memory.
pub fn write_memory(pid: i32, address: usize, data: &[u8]) -> io::Result<()> {
    assert_ne!(pid, std::process::id() as i32);
    let (here, there) = (
        part(data.as_ptr() as usize, data.len()),
        part(address, data.len()),
    );
    // SAFETY: the kernel only reads `data`, and writes to another process.
    let got = unsafe { libc::process_vm_writev(pid, &here, 1, &there, 1, 0) };
    check(got as _).map(drop)
}

/// Sends a descriptor through a Unix socket.
pub fn send_descriptor(through: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> io::Result<()> {
    let number = fd.as_raw_fd().to_ne_bytes().to_vec();
    let control = (libc::SOL_SOCKET, libc::SCM_RIGHTS, number);
    sendmsg(through, b"x", &[], &control).map(drop)
}

/// Receives what [`send_descriptor`] sent; `None` when the kernel did not let
/// the descriptor through.
pub fn receive_descriptor(through: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    let (_, _, controls) = recvmsg(through, 16)?;
    let number = controls.iter().find_map(|(level, kind, content)| {
        let rights = (*level, *kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        let number = content.get(..4).filter(|_| rights)?;
        Some(i32::from_ne_bytes(number.try_into().ok()?))
    });
    // SAFETY: the message brought a new descriptor that nobody else owns.
    Ok(number.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Unloads a kernel module even if it is in use, where the kernel can.
pub fn force_delete_module(name: &std::ffi::CStr) -> io::Result<()> {
    let flags = libc::O_NONBLOCK | libc::O_TRUNC;
    // SAFETY: `name` ends in NUL and lives through the call.
    check(unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), flags) }).map(drop)
}
