// SPDX-License-Identifier: GPL-2.0

//! Scheduling classes and priorities.

use std::io;

use rustix::process::{nice, setpriority_process, Pid};
use rustix::thread::{sched_setaffinity, CpuSet};

use super::check;

/// Sets the scheduling class of a thread; 0 is this one.
fn set_scheduler(thread: i32, policy: i32, priority: i32) -> io::Result<()> {
    let param = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: this function owns `param`, which the kernel reads.
    check(unsafe { libc::sched_setscheduler(thread, policy, &param) }.into()).map(drop)
}

/// Makes this thread, and its later children, run only when no other thread wants to.
pub fn run_when_idle() -> io::Result<()> {
    set_scheduler(0, libc::SCHED_IDLE, 0)
}

/// Makes this thread, but not its children, run before all ordinary ones. Without the
/// privilege it stays ordinary.
pub fn go_first(priority: i32) {
    let _ = set_scheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority);
}

/// Gives a thread ordinary priority, so that it can end.
pub fn hurry(thread: i32) {
    let _ = set_scheduler(thread, libc::SCHED_OTHER, 0);
    let _ = setpriority_process(Pid::from_raw(thread), 0);
}

/// Lowers the priority of this thread a little. Watchers must keep up with it, but after a
/// kill it must still run to its end.
pub fn be_nice() {
    let _ = nice(4);
}

/// Lowers the priority of this thread as far as possible.
pub fn be_nicest() {
    let _ = nice(19);
}

/// Keeps this thread on one processor. Where there is no such processor it stays on all.
pub fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    let _ = sched_setaffinity(None, &set);
}

/// Raises the priority of this thread, which needs little time.
pub fn be_prompt() {
    let _ = setpriority_process(None, -12);
}
