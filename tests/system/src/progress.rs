// SPDX-License-Identifier: GPL-2.0

//! What the disk tells the next stage.

use std::fs;

use crate::report::Report;

/// Where it is.
const FILE: &str = "/var/lib/system-tests/progress";

/// How far the tests are.
#[derive(Default)]
pub struct Progress {
    /// The stage that is next.
    pub stage: usize,
    /// How many tests of earlier stages passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
}

impl Progress {
    /// What the disk says; at first, nothing is done.
    ///
    /// # Panics
    ///
    /// If the file has something else than three numbers: then nothing is known.
    pub fn read() -> Self {
        let Ok(text) = fs::read_to_string(FILE) else {
            return Self::default();
        };
        let numbers: Vec<usize> = text.split_whitespace().flat_map(str::parse).collect();
        let [stage, passed, failed] = numbers[..] else {
            panic!("{FILE} has no three numbers: {text:?}");
        };
        Self {
            stage,
            passed,
            failed,
        }
    }

    /// Writes it to the disk.
    pub fn write(&self) {
        let text = format!("{} {} {}\n", self.stage, self.passed, self.failed);
        fs::write(FILE, text).expect("write the progress");
    }

    /// What is so after a stage.
    pub fn after(self, report: &Report) -> Self {
        Self {
            stage: self.stage + 1,
            passed: self.passed + report.passed,
            failed: self.failed + report.failed,
        }
    }
}
