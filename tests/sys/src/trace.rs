// SPDX-License-Identifier: GPL-2.0

//! Access to other processes, and passing descriptors between processes.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;
use super::message::{recvmsg, sendmsg};

/// Calls `ptrace()` with a request that accesses no memory.
fn ptrace(request: libc::c_uint, pid: i32) -> io::Result<()> {
    let null = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: every caller, all in this file, passes a request that accesses no memory.
    check(unsafe { libc::ptrace(request, pid, null, null) }).map(drop)
}

/// Attaches to a process, and stops it.
pub fn attach(pid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_ATTACH, pid)
}

/// Attaches to a process without stopping it.
pub fn seize(pid: i32) -> io::Result<()> {
    ptrace(libc::PTRACE_SEIZE, pid)
}

/// Makes the parent the tracer of this process.
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
    // SAFETY: a null pointer asks for no status, so that nothing is written.
    check(unsafe { libc::waitpid(pid, null, libc::__WALL) }.into()).map(drop)
}

/// Detaches from a stopped process.
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
    // SAFETY: the slice guarantees the room that `here` names.
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
    // SAFETY: the kernel only reads `data`. The check above guarantees that it writes to
    // another process.
    let got = unsafe { libc::process_vm_writev(pid, &here, 1, &there, 1, 0) };
    check(got as _).map(drop)
}

/// Sends a descriptor through a Unix socket.
pub fn send_descriptor(through: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> io::Result<()> {
    let number = fd.as_raw_fd().to_ne_bytes().to_vec();
    let control = (libc::SOL_SOCKET, libc::SCM_RIGHTS, number);
    sendmsg(through, b"x", &[], &control).map(drop)
}

/// Receives the descriptor that [`send_descriptor`] sent. Returns `None` if the kernel
/// withheld it.
pub fn receive_descriptor(through: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    let (_, _, controls) = recvmsg(through, 16)?;
    let number = controls.iter().find_map(|(level, kind, content)| {
        let rights = (*level, *kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        let number = content.get(..4).filter(|_| rights)?;
        Some(i32::from_ne_bytes(number.try_into().ok()?))
    });
    // SAFETY: the kernel made this descriptor for the message, so nothing owns it yet.
    Ok(number.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}
