// SPDX-License-Identifier: GPL-2.0

//! Child processes that run a function, and how to end all of them.

use std::fs;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread::sleep;
use std::time::Duration;

use super::process::{exit_now, fork, kill, wait, Status};

/// A forked process, which is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    pid: i32,
    /// Whether it leads a process group, which is killed with it.
    leads: bool,
    ended: bool,
}

impl Child {
    /// Forks a process that runs `f` and exits. If `f` panics, then
    /// [`Child::succeeded`] panics, too.
    pub fn spawn(f: impl FnOnce()) -> Self {
        match fork().expect("fork") {
            Some(pid) => Self {
                pid,
                leads: false,
                ended: false,
            },
            None => end_with(f),
        }
    }

    /// Forks in the same way. The child leads a process group of its own, which is killed
    /// with it.
    pub fn leading(f: impl FnOnce()) -> Self {
        let mut child = Self::spawn(|| {
            let _ = super::process::new_group();
            f();
        });
        child.leads = true;
        child
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends it a signal. Does nothing if it has ended.
    pub fn signal(&self, signal: i32) {
        let _ = kill(self.pid, signal);
    }

    /// Kills it without reaping it.
    pub fn kill(&self) {
        kill(self.pid, libc::SIGKILL).expect("kill");
    }

    /// Whether it still runs.
    pub fn lives(&self) -> bool {
        matches!(wait(self.pid, true), Ok(None))
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Status {
        let (_, status) = wait(self.pid, false).expect("wait").expect("a status");
        self.ended = true;
        status
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// Unless it exited with status 0.
    pub fn succeeded(mut self) {
        let status = self.wait();
        assert_eq!(
            status,
            Status::Exited(0),
            "child process {} failed",
            self.pid
        );
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.leads {
            // The parent may reap all its children, so it may have reaped this one.
            let _ = kill(-self.pid, libc::SIGKILL);
            self.signal(libc::SIGKILL);
            let _ = wait(self.pid, false);
        } else {
            self.kill();
            self.wait();
        }
    }
}

/// Runs `f`, and exits.
pub fn end_with(f: impl FnOnce()) -> ! {
    // The panic hook prints why.
    let ok = catch_unwind(AssertUnwindSafe(f)).is_ok();
    exit_now(if ok { 0 } else { 1 })
}

/// Kills and reaps all descendants. The caller adopts orphans, so each of them is, or
/// becomes, its child.
pub fn end_descendants() {
    let own = std::process::id() as i32;
    while let Ok(reaped) = wait(-1, true) {
        if reaped.is_none() {
            for pid in children_of(own) {
                let _ = kill(pid, libc::SIGKILL);
            }
            sleep(Duration::from_millis(5));
        }
    }
}

/// The children of a process.
pub fn children_of(parent: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return vec![];
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name, in parentheses, may contain anything. State and parent come
            // after it.
            let ppid = stat.rsplit(") ").next().and_then(|s| s.split(' ').nth(1));
            ppid.and_then(|s| s.parse().ok()) == Some(parent)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleep_for_ever() {
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn a_child_lives_until_it_is_dropped() {
        for make in [Child::spawn, Child::leading] {
            let child = make(sleep_for_ever);
            let pid = child.pid();
            assert!(child.lives());
            drop(child);
            assert!(kill(pid, 0).is_err());
        }
    }
}
