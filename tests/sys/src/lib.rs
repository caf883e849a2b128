// SPDX-License-Identifier: GPL-2.0

//! The system calls that the tests make and the standard library does not offer,
//! one function each. The tests have no other unsafe code, except `tests/client`,
//! which stays independent so that its calls of the control device check others.
//!
//! Every function returns its error as [`io::Error`]; [`errno`] returns the number of
//! one. Arguments are bytes and numbers, so that tests can pass invalid ones.
//!
//! A function takes a descriptor as anything that has a number (`impl AsRawFd`). A
//! number is such a thing: the fuzzer keeps its sockets as numbers, some of them closed,
//! and passes them on through `exec`. The kernel checks each number. A function returns
//! a new descriptor as [`std::os::fd::OwnedFd`].
//!
//! Where rustix has a safe function for a call, the function here calls that one.

pub mod addr;
pub mod bpf;
pub mod capability;
pub mod changing;
pub mod child;
pub mod clock;
pub mod clone;
pub mod control_message;
pub mod descriptor;
pub mod device;
pub mod grace;
pub mod interruptions;
pub mod limit;
pub mod memory;
pub mod message;
pub mod module;
pub mod mount;
pub mod namespace;
pub mod option;
pub mod pipe;
pub mod process;
pub mod program;
pub mod refusal;
pub mod schedule;
pub mod slab;
pub mod socket;
pub mod trace;
pub mod uring;
pub mod user;
pub mod userfault;
pub mod vfork;
pub mod waiting;
pub mod watch;

use std::io;

/// The number of an error, 0 if it did not come from a system call.
pub fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

/// Turns the −1 of a system call into the error it stands for.
fn check(ret: libc::c_long) -> io::Result<libc::c_long> {
    if ret == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(ret)
    }
}
