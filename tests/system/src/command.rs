// SPDX-License-Identifier: GPL-2.0

//! Runs programs of the machine.

use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long something may take to happen: an emulated machine is slow.
const LIMIT: Duration = Duration::from_secs(120);

/// What a program did, given as its words.
///
/// # Panics
///
/// If it cannot be started.
pub fn run(words: &[&str]) -> Output {
    let (program, arguments) = words.split_first().expect("a program");
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|e| panic!("{program}: {e}"))
}

/// What a program prints on its standard output, without white space around it, whatever its status.
pub fn answer(words: &[&str]) -> String {
    text(&run(words).stdout)
}

/// What a program that succeeds prints.
///
/// # Panics
///
/// If it fails, with what it prints on its standard error.
pub fn done(words: &[&str]) -> String {
    let output = run(words);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{words:?} failed: {err} {out}");
    out
}

/// Bytes as text, without white space around it.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Waits until something is so.
///
/// # Panics
///
/// If it is not after two minutes. `what` says what was waited for.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "no {what} after {LIMIT:?}");
        sleep(Duration::from_millis(200));
    }
}
