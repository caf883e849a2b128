// SPDX-License-Identifier: GPL-2.0

//! Tenants make random system calls, and an oracle watches them from outside
//! the module. Must be run as root in a virtual machine.
//!
//! ```text
//! fuzz run [--seconds N] [--seed N] [--skip OPERATION,...]
//! fuzz self-test [--seconds N]   tenants are not associated: each check must find violations
//! ```
//!
//! Exit status 0: no violation, and nothing left after all tenants had ended;
//! 1: violations; 3: the fuzzer hung.

#![forbid(unsafe_code)]

mod addr;
mod control;
mod controller;
mod message;
mod net;
mod ops;
mod oracle;
mod pool;
mod print;
mod received;
mod rng;
mod run;
mod secrets;
mod services;
mod socket;
mod supervisor;
mod tenant;
mod user;
mod world;

use std::process::ExitCode;

use addrconf_test_sys as sys;
use print::print;
use sys::clock::now;
use world::World;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| {
        args.get(at)
            .and_then(|a| a.parse::<u64>().ok())
            .unwrap_or(0)
    };
    match args.first().map(String::as_str) {
        Some("tenant") => {
            tenant::live(number(1) as u32);
            ExitCode::SUCCESS
        }
        Some("enter") => {
            tenant::enter(number(1) as u32, args.get(2).map_or("", String::as_str));
            ExitCode::FAILURE
        }
        Some("entered") => {
            tenant::entered(number(1) as u32, number(2));
            ExitCode::SUCCESS
        }
        Some("user") => {
            user::live(&args[1..]);
            ExitCode::SUCCESS
        }
        Some("worker") => tenant::work(number(1) as u32, number(2), number(3) as usize),
        Some("run") => Settings::read(&args[1..]).map_or_else(usage, |s| start(&s, false)),
        Some("self-test") => Settings::read(&args[1..]).map_or_else(usage, |s| start(&s, true)),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: fuzz run|self-test [--seconds N] [--seed N] [--skip OPERATION,...]");
    ExitCode::from(2)
}

/// The options of the command line.
struct Settings {
    seconds: u64,
    seed: u64,
    skip: u64,
}

impl Settings {
    fn read(args: &[String]) -> Option<Self> {
        let mut settings = Self {
            seconds: 60,
            seed: now(),
            skip: 0,
        };
        for pair in args.chunks(2) {
            let [name, value] = pair else { return None };
            match name.as_str() {
                "--seconds" => settings.seconds = value.parse().ok()?,
                "--seed" => settings.seed = value.parse().ok()?,
                "--skip" => {
                    for word in value.split(',') {
                        let at = ops::ALL.iter().position(|o| o.0 == word)?;
                        settings.skip |= 1 << at;
                    }
                }
                _ => return None,
            }
        }
        Some(settings)
    }
}

fn start(settings: &Settings, unbound: bool) -> ExitCode {
    let world = World::create(settings.seed);
    world.skip(settings.skip);
    // scripts/vm sets this variable in slow virtual machines.
    let pace = std::env::var("ADDRCONF_PACE").ok();
    world.set_pace(pace.and_then(|p| p.parse().ok()).unwrap_or(1));
    let (seed, seconds) = (settings.seed, settings.seconds);
    print(&format!("seed {seed}, {seconds} s, pace {}", world.pace()));
    supervisor::supervise(world, seconds, || run::run(world, seconds, unbound))
}
