// SPDX-License-Identifier: GPL-2.0

//! Socket options, including those that attach programs.

use std::io;
use std::os::fd::AsRawFd;

use super::check;

/// Sets a socket option that is an integer.
pub fn set_option(fd: impl AsRawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_option_bytes(fd, level, name, &value.to_ne_bytes())
}

/// Sets a socket option. If the value contains pointers, the caller guarantees that they
/// point to memory that lives through the call, or to none.
pub fn set_option_bytes(fd: impl AsRawFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let (ptr, len) = (value.as_ptr().cast(), value.len() as u32);
    // SAFETY: the slice guarantees `len` bytes at `ptr`, which the kernel reads.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, ptr, len) }.into()).map(drop)
}

/// Reads a socket option that is an integer.
pub fn option(fd: impl AsRawFd, level: i32, name: i32) -> io::Result<i32> {
    let mut value = [0; 4];
    read(fd, level, name, &mut value)?;
    Ok(i32::from_ne_bytes(value))
}

/// Reads a socket option of any size.
pub fn option_bytes(fd: impl AsRawFd, level: i32, name: i32, room: usize) -> io::Result<Vec<u8>> {
    exchange_option(fd, level, name, vec![0; room])
}

/// Reads a socket option whose request is in `value`. Zeros are null pointers, for options
/// whose request contains pointers.
pub fn exchange_option(
    fd: impl AsRawFd,
    level: i32,
    name: i32,
    mut value: Vec<u8>,
) -> io::Result<Vec<u8>> {
    let len = read(fd, level, name, &mut value)?;
    value.truncate(len);
    Ok(value)
}

/// Reads a socket option into `room`. Returns its length.
fn read(fd: impl AsRawFd, level: i32, name: i32, room: &mut [u8]) -> io::Result<usize> {
    let mut len = room.len() as libc::socklen_t;
    let ptr = room.as_mut_ptr().cast();
    // SAFETY: the slice guarantees room for `len` bytes at `ptr`.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, ptr, &mut len) }.into())?;
    Ok(len as usize)
}

/// Attaches a classic BPF program to a socket, through the option of that name. An
/// instruction is an opcode and a constant. Such a program is passed in, not loaded first.
pub fn attach_classic(fd: impl AsRawFd, option: i32, code: &[(u16, u32)]) -> io::Result<()> {
    let mut code: Vec<libc::sock_filter> = code
        .iter()
        .map(|&(code, k)| libc::sock_filter {
            code,
            jt: 0,
            jf: 0,
            k,
        })
        .collect();
    let program = libc::sock_fprog {
        len: code.len() as u16,
        filter: code.as_mut_ptr(),
    };
    let (ptr, len) = (std::ptr::addr_of!(program), std::mem::size_of_val(&program));
    let (fd, level) = (fd.as_raw_fd(), libc::SOL_SOCKET);
    // SAFETY: `program` is `len` bytes and names the `program.len` instructions of
    // `code`. This function owns both until the call, which only reads, has ended.
    let ret = unsafe { libc::setsockopt(fd, level, option, ptr.cast(), len as u32) };
    check(ret.into()).map(drop)
}
