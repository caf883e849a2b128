// SPDX-License-Identifier: GPL-2.0

//! System calls that the standard library does not offer, one function each.
//! Nothing outside this folder and `uring` is unsafe.

pub mod bpf;
pub mod clone;
pub mod control;
pub mod family;
pub mod fault;
pub mod file;
pub mod packet;
pub mod process;
pub mod socket;
pub mod trace;
pub mod userfault;

use std::io;

/// Turns the −1 of a system call into the error it stands for.
fn check(ret: libc::c_long) -> io::Result<libc::c_long> {
    if ret == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(ret)
    }
}
