// SPDX-License-Identifier: GPL-2.0

//! The only unsafe code of the fuzzer: system calls. What goes in is bytes,
//! so that wrong ones can be tried; memory stays this process's own.

pub mod descriptor;
pub mod process;
pub mod ring;
pub mod socket;
pub mod table;

/// The result of a system call, the error as its number.
pub type Result<T> = std::result::Result<T, i32>;

/// Turns what a libc function returned into a result.
fn check(ret: i64) -> Result<i64> {
    if ret >= 0 {
        Ok(ret)
    } else {
        Err(errno())
    }
}

/// The error of the last call that failed.
fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}
