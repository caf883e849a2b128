// SPDX-License-Identifier: GPL-2.0

//! The monotonic clock, and those of processes.

use std::io;

use rustix::time::{clock_gettime, ClockId};

use super::check;

/// Nanoseconds of the monotonic clock, the same for all processes.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Nanoseconds for which the threads of a process have run.
pub fn processor_time(pid: i32) -> io::Result<u64> {
    let mut clock = 0;
    // SAFETY: this function owns `clock`, which the C library writes.
    match unsafe { libc::clock_getcpuclockid(pid, &mut clock) } {
        0 => {}
        number => return Err(io::Error::from_raw_os_error(number)),
    }
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: this function owns `time`, which the kernel writes.
    check(unsafe { libc::clock_gettime(clock, &mut time) }.into())?;
    Ok(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}
