// SPDX-License-Identifier: GPL-2.0

//! Processes that a test makes, and channels between them.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::client::associate;
use crate::runner::pace;
use crate::sys::pipe::pipe;
use crate::sys::process::fork;
use crate::sys::watch::poll_readable;

pub use crate::sys::child::{end_with, Child};
pub use crate::sys::waiting::within;

/// How long a test waits for something that must happen.
fn patience() -> Duration {
    Duration::from_secs(30) * pace()
}

/// Forks a process that is associated with `set` before it runs `f`.
pub fn spawn_tenant(set: &[&str], f: impl FnOnce()) -> Child {
    Child::spawn(|| {
        associate(set);
        f();
    })
}

/// Runs `f` in a child, which must succeed.
pub fn in_child(f: impl FnOnce()) {
    Child::spawn(f).succeeded();
}

/// Runs `f` in a child associated with `set`, which must succeed.
pub fn as_tenant(set: &[&str], f: impl FnOnce()) {
    spawn_tenant(set, f).succeeded();
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
        let (read, write) = pipe().expect("pipe");
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

    /// The receiving end, as the standard input of a program.
    pub fn receiver(&self) -> Stdio {
        Stdio::from(self.read.try_clone().expect("dup"))
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
        let ready = poll_readable([self.read.as_fd()], milliseconds);
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
        if fork().expect("fork").is_some() {
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
