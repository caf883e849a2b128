// SPDX-License-Identifier: GPL-2.0

//! Runs tests and prints their results, a line for each.

use std::io::{self, Write};
use std::panic::{self, catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

/// How the tests of a stage went.
#[derive(Default)]
pub struct Report {
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
}

impl Report {
    /// Runs a test. It fails by a panic, whose message is printed below its line.
    pub fn test(&mut self, name: &str, test: impl FnOnce()) {
        print!("test {name} ... ");
        // The name must be printed even if the machine crashes in the test.
        let _ = io::stdout().flush();
        let reason = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&reason);
        panic::set_hook(Box::new(move |info| {
            *told.lock().expect("the reason") = info.to_string();
        }));
        let result = catch_unwind(AssertUnwindSafe(test));
        let _ = panic::take_hook();
        if result.is_ok() {
            println!("ok");
            self.passed += 1;
            return;
        }
        println!("FAILED");
        for line in reason.lock().expect("the reason").lines() {
            println!("    {line}");
        }
        self.failed += 1;
    }
}
