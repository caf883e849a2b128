// SPDX-License-Identifier: GPL-2.0

//! Tests of the addrconf module. Must be run as root in a virtual machine.
//!
//! ```text
//! vmtests run  [--no-module] [FILTER...]   run the tests whose name contains a FILTER
//! vmtests list [--no-module] [FILTER...]   print their names
//! ```
//!
//! `--no-module` is for a kernel where the module is not loaded. It runs the tests
//! that apply there: every operation that the module refuses must succeed, and
//! unassociated programs must see the same as with the module. `--shard=K/N` takes only
//! the K-th of N parts of the tests, for guests that share the work.

#![forbid(unsafe_code)]

mod addr;
#[path = "../../attacks/mod.rs"]
mod attacks;
mod child;
mod client;
mod crowd;
mod defined;
mod fault;
mod granted;
mod panics;
mod probe;
mod program;
mod registry;
mod runner;
mod server;
mod slow_file;
mod sock;
mod spec;
mod systemd;
mod tenant;
mod themes;
mod world;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use addrconf_test_sys::{self as sys, uring};
use registry::Test;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == probe::COMMAND) {
        return probe::main(&args[1..]);
    }
    let module = !args.iter().any(|a| a == "--no-module");
    args.retain(|a| a != "--no-module");
    let shard = args.iter().find_map(|a| a.strip_prefix("--shard="));
    let Some((part, parts)) = shard.map_or(Some((1, 1)), parse_shard) else {
        return usage();
    };
    args.retain(|a| !a.starts_with("--shard="));
    let Some((command, filters)) = args.split_first() else {
        return usage();
    };
    let mut tests = themes::all();
    tests.retain(|test| {
        let wanted = filters.is_empty() || filters.iter().any(|f| test.name().contains(f));
        wanted && !test.trials(module).is_empty()
    });
    // In turn, as neighbouring tests take about the same time.
    let mut turn = (1..=parts).cycle();
    tests.retain(|_| turn.next() == Some(part));
    match command.as_str() {
        "list" => {
            for test in &tests {
                println!("{}", test.name());
            }
            ExitCode::SUCCESS
        }
        "run" => run(&tests, module),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: vmtests run|list [--no-module] [--shard=K/N] [FILTER...]");
    ExitCode::from(2)
}

/// Parses "K/N": "1/2" is the first of two parts.
fn parse_shard(shard: &str) -> Option<(usize, usize)> {
    let (part, parts) = shard.split_once('/')?;
    let (part, parts) = (part.parse().ok()?, parts.parse().ok()?);
    (1..=parts).contains(&part).then_some((part, parts))
}

fn run(tests: &[Test], module: bool) -> ExitCode {
    panics::install_hook();
    let loaded = Path::new(addrconf_abi::DEVICE_PATH).exists();
    if loaded != module {
        let is = if loaded { "" } else { " not" };
        eprintln!("vmtests: the module is{is} loaded, so these tests would prove nothing");
        return ExitCode::from(2);
    }
    if tests.is_empty() {
        eprintln!("vmtests: no test in this part has a name that matches");
        return ExitCode::from(2);
    }
    if let Err(e) = sys::process::adopt_orphans() {
        eprintln!("vmtests: this process cannot become the reaper of orphans: {e}");
        return ExitCode::FAILURE;
    }
    let mut failed = 0;
    for test in tests {
        print!("test {} ... ", test.name());
        // The name must be printed even if the machine crashes in the test.
        let _ = io::stdout().flush();
        let reasons = runner::run(test, module);
        println!("{}", if reasons.is_empty() { "ok" } else { "FAILED" });
        for line in reasons.iter().flat_map(|reason| reason.lines()) {
            println!("    {line}");
        }
        failed += usize::from(!reasons.is_empty());
    }
    println!("{} passed, {failed} failed", tests.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}
