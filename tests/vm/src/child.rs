// SPDX-License-Identifier: GPL-2.0

//! Processes that a test makes, and channels between them.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::associate;
use crate::runner::pace;
use crate::sys::process::{self, Status};

/// How long a test waits for something that must happen.
fn patience() -> Duration {
    Duration::from_secs(30) * pace()
}

/// A forked process, which is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    pid: i32,
    ended: bool,
}

impl Child {
    /// Forks a process that runs `f` and exits. If `f` panics, then
    /// [`Child::succeeded`] panics, too.
    pub fn spawn(f: impl FnOnce()) -> Self {
        match process::fork().expect("fork") {
            Some(pid) => Self { pid, ended: false },
            None => end_with(f),
        }
    }

    /// Forks a process that is associated with `set` before it runs `f`.
    pub fn tenant(set: &[&str], f: impl FnOnce()) -> Self {
        Self::spawn(|| {
            associate(set);
            f();
        })
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Status {
        let (_, status) = process::wait(self.pid, false)
            .expect("wait")
            .expect("a status");
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

    /// Kills it without reaping it.
    pub fn kill(&self) {
        process::kill(self.pid, libc::SIGKILL).expect("kill");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
            self.wait();
        }
    }
}

/// Runs `f`, and exits.
pub fn end_with(f: impl FnOnce()) -> ! {
    // The panic hook prints why.
    let ok = catch_unwind(AssertUnwindSafe(f)).is_ok();
    process::exit_now(if ok { 0 } else { 1 })
}

/// Runs `f` in a child, which must succeed.
pub fn in_child(f: impl FnOnce()) {
    Child::spawn(f).succeeded();
}

/// Runs `f` in a child associated with `set`, which must succeed.
pub fn as_tenant(set: &[&str], f: impl FnOnce()) {
    Child::tenant(set, f).succeeded();
}

/// Runs `f` in a child associated with `set`, or in an unassociated one if that is
/// empty. The child must succeed.
pub fn in_child_with(set: &[&str], f: impl FnOnce()) {
    if set.is_empty() {
        in_child(f);
    } else {
        as_tenant(set, f);
    }
}

/// Lines of text between any two processes that inherited this.
#[derive(Debug)]
pub struct Channel {
    read: std::fs::File,
    write: std::fs::File,
}

impl Channel {
    /// Makes a channel.
    pub fn new() -> Self {
        let (read, write) = process::pipe().expect("pipe");
        Self {
            read: read.into(),
            write: write.into(),
        }
    }

    /// Sends a line.
    pub fn send(&self, line: &str) {
        (&self.write)
            .write_all(format!("{line}\n").as_bytes())
            .expect("write to a pipe");
    }

    /// The sending end, as the standard output of a program.
    pub fn sender(&self) -> Stdio {
        Stdio::from(self.write.try_clone().expect("dup"))
    }

    /// The receiving end, for `poll()`.
    pub fn reader(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }

    /// Whether a line has come. It stays in the channel, so all processes see it.
    pub fn has_line(&self) -> bool {
        self.has_line_within(0)
    }

    /// Waits for a line. It stays in the channel, so all processes see it.
    pub fn await_line(&self) {
        let limit = patience().as_millis() as i32;
        assert!(
            self.has_line_within(limit),
            "no line from the other process within {limit} ms"
        );
    }

    fn has_line_within(&self, milliseconds: i32) -> bool {
        let ready = process::poll_readable([self.read.as_fd()], milliseconds);
        ready.expect("poll") == [true]
    }

    /// Waits for a line, and takes it.
    pub fn receive(&self) -> String {
        let mut line = Vec::new();
        loop {
            self.await_line();
            let mut byte = [0];
            (&self.read).read_exact(&mut byte).expect("read a pipe");
            if byte == *b"\n" {
                return String::from_utf8(line).expect("text");
            }
            line.extend(byte);
        }
    }
}

/// The generation at which [`descend`] reports that it is under way.
const SURE: usize = 5;

/// Forks a child, which does the same, until a line is in `enough`. Each parent calls
/// `linger` with the number of its generation, and its caller then exits. Sends a line
/// to `ready` when some generations exist. Returns whether this process is the last.
pub fn descend(ready: &Channel, enough: &Channel, linger: fn(usize)) -> bool {
    let mut nr = 0;
    loop {
        if nr == SURE {
            ready.send("");
        }
        if enough.has_line() {
            return true;
        }
        if process::fork().expect("fork").is_some() {
            linger(nr);
            return false;
        }
        nr += 1;
    }
}

/// Sleeps until killed.
pub fn stay() -> ! {
    loop {
        sleep(patience());
    }
}

/// Waits until `so` returns true.
///
/// # Panics
///
/// After the limit of time, with `what` in the message.
pub fn eventually(what: &str, so: impl FnMut() -> bool) {
    assert!(
        within(patience(), so),
        "waited {:?} in vain for {what}",
        patience()
    );
}

/// Waits until `so` returns true, at most `limit`. Returns whether it did.
pub fn within(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if so() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(10));
    }
}
