// SPDX-License-Identifier: GPL-2.0

//! Very many processes that only sleep, and their end.

use addrconf_test_sys::child::Child;
use addrconf_test_sys::process::{adopt_orphans, kill, wait, Status};
use addrconf_test_sys::vfork::Sleepers;

/// The signal that ends them.
const SIGKILL: i32 = 9;

/// Allows as many processes as there may be.
pub fn allow_many() {
    for limit in ["pid_max", "threads-max"] {
        std::fs::write(format!("/proc/sys/kernel/{limit}"), "4194303").expect(limit);
    }
}

/// Makes processes that sleep until they are killed.
pub fn sleepers(count: u32) -> Vec<i32> {
    let mut sleepers = Sleepers::new(count as usize).expect("stacks");
    (0..count)
        .map(|_| sleepers.spawn().expect("clone"))
        .collect()
}

/// Runs `f` in a process of its own, and then ends all processes that it made.
pub fn apart(f: impl FnOnce()) {
    adopt_orphans().expect("a subreaper");
    let mut child = Child::leading(f);
    assert_eq!(child.wait(), Status::Exited(0));
    // Fails if the process made none.
    let _ = kill(-child.pid(), SIGKILL);
    reap();
}

/// Ends a process and all that it made.
pub fn end(child: Child) {
    drop(child);
    reap();
}

/// Waits until no child is left. The orphans must be this process's children.
fn reap() {
    while wait(-1, false).is_ok() {}
}
