// SPDX-License-Identifier: GPL-2.0

//! What systemd says of the machine, and what it is asked for.

use std::fs;

use crate::command::{answer, done, run, text};

/// Has the machine restarted when this program ends.
pub fn ask_for_restart() {
    fs::write("/run/vm/restart", "").expect("ask for a restart");
}

/// Waits until the start of the machine is over. Returns in which state it is, such as `running`.
pub fn started() -> String {
    answer(&["systemctl", "is-system-running", "--wait"])
}

/// The units that failed, with the end of what the journal has of each.
pub fn failures() -> String {
    let list = [
        "systemctl",
        "list-units",
        "--failed",
        "--plain",
        "--no-legend",
    ];
    let failed = answer(&list);
    let units = failed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let logs =
        units.map(|unit| answer(&["journalctl", "-b", "-n", "20", "--no-pager", "-u", unit]));
    format!("{failed}\n{}", logs.collect::<Vec<_>>().join("\n"))
}

/// The state of a unit: `active`, `inactive`, `failed`, …
pub fn state(unit: &str) -> String {
    answer(&["systemctl", "is-active", unit])
}

/// A property of a unit.
pub fn property(unit: &str, name: &str) -> String {
    done(&["systemctl", "show", "--value", "-p", name, unit])
}

/// What the journal has of a unit since the start of the machine.
pub fn journal(unit: &str) -> String {
    answer(&["journalctl", "-b", "-o", "cat", "--no-pager", "-u", unit])
}

/// What a program prints that runs outside all associations as a user without rights of its own,
/// whatever its status.
pub fn as_free(user: &str, words: &[&str]) -> String {
    let user = format!("--uid={user}");
    let start = [
        "systemd-run",
        "--quiet",
        "--wait",
        "--pipe",
        "--collect",
        &user,
        "--",
    ];
    let output = run(&[&start[..], words].concat());
    text(&output.stdout)
}
