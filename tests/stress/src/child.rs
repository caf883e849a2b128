// SPDX-License-Identifier: GPL-2.0

//! Child processes, associated and not.

use std::fs;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::Target;

use crate::device::{entry, open};
use crate::sys;

/// A child. It is killed, with its group, when this is dropped.
pub struct Child(i32);

impl Child {
    /// A child that runs `body`, as the leader of a group of its own.
    pub fn spawn(body: impl FnOnce()) -> Self {
        match sys::fork().expect("fork") {
            Some(pid) => Self(pid),
            None => {
                let _ = sys::new_group();
                // The panic hook has printed why.
                let result = catch_unwind(AssertUnwindSafe(body));
                sys::exit_now(i32::from(result.is_err()));
            }
        }
    }

    /// A child that is associated with one address before it runs `body`; also
    /// the association's id.
    ///
    /// The device is opened for this alone: who has it open keeps the module.
    pub fn tenant(address: Ipv4Addr, body: impl FnOnce()) -> (Self, u64) {
        let (mut ours, mut theirs) = UnixStream::pair().expect("socketpair");
        let child = Self::spawn(|| {
            theirs.read_exact(&mut [0]).expect("the word to go");
            body();
        });
        let id = open()
            .assign(Target::Pid(child.0), &[entry(address)], "")
            .expect("assign");
        ours.write_all(&[0]).expect("the word to go");
        (child, id)
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.0
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        let _ = sys::kill(self.0, signal);
    }

    /// Whether it still runs.
    pub fn lives(&self) -> bool {
        matches!(sys::wait(self.0, true), Ok(None))
    }

    /// Waits for its end, which must be a success.
    pub fn succeeded(self) {
        let ended = sys::wait(self.0, false).expect("wait");
        std::mem::forget(self);
        assert!(matches!(ended, Some((_, true))), "a child failed");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = sys::kill(-self.0, libc::SIGKILL);
        self.signal(libc::SIGKILL);
        let _ = sys::wait(self.0, false);
    }
}

/// Kills and reaps everything that is left: this process adopts orphans, so
/// all of it is, or becomes, a child.
pub fn end_descendants() {
    while let Ok(reaped) = sys::wait(-1, true) {
        if reaped.is_none() {
            for pid in children_of(std::process::id() as i32) {
                let _ = sys::kill(pid, libc::SIGKILL);
            }
            sleep(Duration::from_millis(5));
        }
    }
}

fn children_of(parent: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return vec![];
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name, in parentheses, may hold anything; state and parent
            // come after it.
            let ppid = stat.rsplit(") ").next().and_then(|s| s.split(' ').nth(1));
            ppid.and_then(|s| s.parse().ok()) == Some(parent)
        })
        .collect()
}
