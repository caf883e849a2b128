// SPDX-License-Identifier: GPL-2.0

//! Other programs.

use std::ffi::CString;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::ptr;

/// Executes a file without arguments in place of this program. Returns only if that fails. Unlike
/// [`Command`], it does not hand what is no program to a shell.
pub fn execute(path: &str) -> io::Error {
    let path = match CString::new(path) {
        Ok(path) => path,
        Err(e) => return e.into(),
    };
    let args = [path.as_ptr(), ptr::null()];
    // SAFETY: The path and the arguments end with a zero byte and a null pointer, and live as
    // long as the call.
    unsafe { libc::execv(path.as_ptr(), args.as_ptr()) };
    io::Error::last_os_error()
}

/// Runs a program with this input. Fails with what it says if it fails.
pub fn feed(program: &str, args: &[&str], input: &str) -> io::Result<()> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}
