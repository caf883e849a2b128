// SPDX-License-Identifier: GPL-2.0

//! Panics in the processes of a trial. Each is printed, and fails the trial even if the
//! test never looks at the exit status of that process.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{set_hook, PanicHookInfo};
use std::sync::OnceLock;

use crate::sys::pipe::pipe;
use crate::sys::watch::poll_readable;

/// Where this process records its panics. A pipe, because a child's panic must reach
/// the runner however the child ends.
static RECORD: OnceLock<File> = OnceLock::new();

/// The runner's end of the record of panics.
#[derive(Debug)]
pub struct Panics {
    read: OwnedFd,
    write: OwnedFd,
}

impl Panics {
    /// An empty record.
    pub fn new() -> io::Result<Self> {
        let (read, write) = pipe()?;
        Ok(Self { read, write })
    }

    /// Records the panics of this process and of all that it forks.
    pub fn record(&self) -> io::Result<()> {
        let write = self.write.try_clone()?;
        RECORD
            .set(write.into())
            .expect("a process runs one trial only");
        Ok(())
    }

    /// Whether any of them has panicked.
    pub fn any(&self) -> io::Result<bool> {
        Ok(poll_readable([self.read.as_fd()], 0)? == [true])
    }
}

/// Installs a hook that reports every panic of this process and its descendants.
pub fn install_hook() {
    set_hook(Box::new(report));
}

/// Prints the place and the message of a panic, without a backtrace, and records it.
fn report(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref().copied())
        .unwrap_or("panicked");
    match info.location() {
        Some(at) => eprintln!("{}:{}: {message}", at.file(), at.line()),
        None => eprintln!("{message}"),
    }
    if let Some(mut record) = RECORD.get() {
        if let Err(e) = record.write_all(b"!") {
            eprintln!("this panic could not be recorded for the runner: {e}");
        }
    }
}
