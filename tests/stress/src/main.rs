// SPDX-License-Identifier: GPL-2.0

//! Stress tests for the addrconf module. Must be run as root in a virtual machine
//! where the module is loaded. Each test does very much of one thing, and checks that
//! nothing is lost afterwards.
//!
//! ```text
//! stress [NAME[=N]]...    run these tests, or all; N: how many rounds
//! ```
//!
//! The tests themselves check memory only. `scripts/vm` checks that the kernel does
//! not complain and, on the debug kernel, that kmemleak finds nothing.

#![forbid(unsafe_code)]

mod associations;
mod child;
mod cycles;
mod deaths;
mod device;
mod forks;
mod memory;
mod traffic;
mod unload;
mod wait;
mod world;

use std::io::{self, Write};
use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use addrconf_test_sys as sys;

/// A test: its name, its default number of rounds, and its function, which returns
/// the lines of a report.
struct Test {
    name: &'static str,
    rounds: u64,
    run: fn(u64) -> Vec<String>,
}

const TESTS: [Test; 6] = [
    Test {
        name: "cycles",
        rounds: 50,
        run: cycles::run,
    },
    Test {
        name: "forks",
        rounds: 20_000,
        run: forks::run,
    },
    Test {
        name: "bombs",
        rounds: 4,
        run: forks::bombs,
    },
    Test {
        name: "deaths",
        rounds: 200,
        run: deaths::run,
    },
    Test {
        name: "associations",
        rounds: 2_000,
        run: associations::run,
    },
    Test {
        name: "unload",
        rounds: 20,
        run: unload::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == deaths::AGAIN) {
        deaths::execute_again();
    }
    let Some(chosen) = choose(&args) else {
        let names = TESTS.map(|test| test.name).join(" ");
        eprintln!("usage: stress [NAME[=N]]...   of {names}");
        return ExitCode::from(2);
    };
    if !Path::new(addrconf_abi::DEVICE_PATH).exists() {
        eprintln!("stress: the module is not loaded");
        return ExitCode::from(2);
    }
    if let Err(e) = sys::process::adopt_orphans().and_then(|()| world::make()) {
        eprintln!("stress: the machine could not be prepared: {e}");
        return ExitCode::FAILURE;
    }
    let mut failed = 0;
    for (test, rounds) in &chosen {
        print!("test {} ... ", test.name);
        // The name must be printed even if the machine crashes in the test.
        let _ = io::stdout().flush();
        let started = Instant::now();
        let result = catch_unwind(|| (test.run)(*rounds));
        child::end_descendants();
        println!("{}", if result.is_ok() { "ok" } else { "FAILED" });
        failed += usize::from(result.is_err());
        let seconds = started.elapsed().as_secs_f64();
        println!("    {rounds} rounds in {seconds:.1} s");
        for line in result.unwrap_or_default() {
            println!("    {line}");
        }
    }
    println!("{} passed, {failed} failed", chosen.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}

/// The named tests with their rounds, or all tests if none is named. `None`: a name
/// or number is wrong.
fn choose(args: &[String]) -> Option<Vec<(&'static Test, u64)>> {
    if args.is_empty() {
        return Some(TESTS.iter().map(|test| (test, test.rounds)).collect());
    }
    let chosen = args.iter().map(|arg| {
        let (name, rounds) = match arg.split_once('=') {
            Some((name, rounds)) => (name, Some(rounds.parse().ok()?)),
            None => (arg.as_str(), None),
        };
        let test = TESTS.iter().find(|test| test.name == name)?;
        Some((test, rounds.unwrap_or(test.rounds)))
    });
    chosen.collect()
}
