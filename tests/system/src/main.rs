// SPDX-License-Identifier: GPL-2.0

//! Tests of what `make install` installs, on a machine that systemd manages, with the servers of two
//! customers. `scripts/vm-system` runs this program after each start of the machine, with the files of
//! `tests/system/machine` on its disk.
//!
//! The tests are in stages, one for each start. A file on the disk says which is next. The machine is
//! restarted between two stages, and nothing but its disk tells the second of the first.

#![forbid(unsafe_code)]

mod command;
mod customer;
mod machine;
mod progress;
mod report;
mod stages;

use std::process::ExitCode;

use progress::Progress;
use report::Report;

fn main() -> ExitCode {
    let mut filters = std::env::args().skip(1);
    if let Some(argument) = filters.next() {
        eprintln!("systemtests: unexpected argument: {argument}");
        return ExitCode::from(2);
    }
    let progress = Progress::read();
    let stages = stages::ALL;
    let Some(stage) = stages.get(progress.stage) else {
        eprintln!("systemtests: there is no stage {}", progress.stage);
        return ExitCode::from(2);
    };
    let mut report = Report::default();
    stage(&mut report);
    let next = progress.after(&report);
    if next.stage < stages.len() {
        next.write();
        machine::ask_for_restart();
        return ExitCode::SUCCESS;
    }
    println!("{} passed, {} failed", next.passed, next.failed);
    ExitCode::from(u8::from(next.failed > 0))
}
