// SPDX-License-Identifier: GPL-2.0

//! Lines of output.

use std::io::stdout;
use std::os::fd::AsFd;

use crate::sys::pipe::write;

/// Prints a line with one `write()`, so that lines of different processes do not mix.
pub fn print(line: &str) {
    let line = format!("{line}\n");
    let _ = write(stdout().as_fd(), line.as_bytes());
}
