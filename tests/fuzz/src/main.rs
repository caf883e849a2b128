// SPDX-License-Identifier: GPL-2.0

//! Tenants that make random system calls, and an oracle that watches them from
//! outside the module. To be run as root in a virtual machine.
//!
//! ```text
//! fuzz run [--seconds N] [--seed N] [--skip OPERATION,...]
//! fuzz self-test [--seconds N]   tenants are not associated: must find violations
//! ```
//!
//! Exit status 0: no violation, and nothing was left when all had ended.

mod addr;
mod control;
mod controller;
mod message;
mod net;
mod ops;
mod oracle;
mod pool;
mod received;
mod rng;
mod sys;
mod tenant;
mod world;

use std::process::ExitCode;
use std::time::Duration;
use std::{fs, thread};

use control::Device;
use controller::Controller;
use oracle::{members, packets, probes, sockets};
use sys::process::{adopt_orphans, delete_module, load_module, now, print, reap};
use world::{Counter, World};

/// Where the virtual machine has the module.
const MODULE: &str = "/lib/addrconf/addrconf.ko";

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
        Some("worker") => tenant::work(number(1) as u32, number(2), number(3) as usize),
        Some("run") => Settings::read(&args[1..]).map_or_else(usage, |s| run(&s, false)),
        Some("self-test") => Settings::read(&args[1..]).map_or_else(usage, |s| run(&s, true)),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: fuzz run|self-test [--seconds N] [--seed N] [--skip OPERATION,...]");
    ExitCode::from(2)
}

/// What the caller wants.
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

fn progress(world: World, started: u64) {
    let n = |counter| world.counted(counter);
    let mut errors = world.errors();
    errors.sort_by_key(|e| std::cmp::Reverse(e.1));
    let errors: Vec<String> = errors
        .iter()
        .take(12)
        .map(|(e, n)| format!("{e}:{n}"))
        .collect();
    print(&format!(
        "{:>5} s: {} operations, {} refused ({}), {} forks, {} tenants, {} updates; probes {} sent, {} received; \
         {} messages, {} packets, {} sockets, {} members checked; {} VIOLATIONS",
        (now() - started) / 1_000_000_000,
        n(Counter::Operations),
        n(Counter::Refusals),
        errors.join(" "),
        n(Counter::Forks),
        n(Counter::Tenants),
        n(Counter::Updates),
        n(Counter::ProbesSent),
        n(Counter::Probes),
        n(Counter::Messages),
        n(Counter::Packets),
        n(Counter::Sockets),
        n(Counter::Members),
        n(Counter::Violations),
    ));
}

/// Prints the numbers every ten seconds, and where the controller hangs if it
/// does.
fn report(world: World, started: u64) {
    let mut last = 0;
    while !world.stopped() {
        thread::sleep(Duration::from_millis(200));
        if now() < last + 10_000_000_000 {
            continue;
        }
        last = now();
        progress(world, started);
        let (action, since) = world.action();
        if since > 0 && since + 15_000_000_000 < last {
            let stack = fs::read_to_string("/proc/self/stack").map(|_| {
                let main = std::process::id();
                fs::read_to_string(format!("/proc/self/task/{main}/stack")).unwrap_or_default()
            });
            let stack = stack.unwrap_or_default().replace('\n', " ");
            let for_long = (last - since) / 1_000_000_000;
            print(&format!(
                "note: the controller is {action} for {for_long} s: {stack}"
            ));
        }
    }
}

fn run(settings: &Settings, unbound: bool) -> ExitCode {
    let world = World::create(settings.seed);
    world.skip(settings.skip);
    adopt_orphans();
    print(&format!("seed {}, {} s", settings.seed, settings.seconds));
    let networks = net::Networks::new();
    let device = (!unbound).then(|| Device::open().expect("the control device"));
    let mut controller = Controller::new(world, device);
    let mut watchers = Vec::new();
    let monitors = [
        (networks.in_host(net::packet_socket), true),
        (networks.in_peer(net::packet_socket), false),
    ];
    for (fd, host) in monitors {
        watchers.push(thread::spawn(move || packets::watch(world, fd, host)));
    }
    for (fds, host) in [
        (net::probers(true), true),
        (networks.in_peer(|| net::probers(false)), false),
    ] {
        let networks = net::Networks::clone(&networks);
        watchers.push(thread::spawn(move || {
            if !host {
                networks.enter_peer();
            }
            probes::send(world, fds, host);
        }));
    }
    let servers = networks.in_peer(net::peer_servers);
    watchers.push(thread::spawn(move || probes::answer(world, &servers)));
    let ears = net::host_ears();
    watchers.push(thread::spawn(move || probes::overhear(world, &ears)));
    let tenants = controller.tenants.clone();
    let present = move || tenants.lock().expect("a lock").clone();
    let theirs = present.clone();
    watchers.push(thread::spawn(move || sockets::watch(world, theirs)));
    if !unbound {
        watchers.push(thread::spawn(move || members::watch(world, present)));
    }
    let started = now();
    watchers.push(thread::spawn(move || report(world, started)));
    controller.run(started + settings.seconds * 1_000_000_000);
    progress(world, started);
    world.stop();
    for watcher in watchers {
        if watcher.join().is_err() {
            world.violation(Counter::OtherViolations, 0, format_args!("a watcher died"));
        }
    }
    if unbound {
        return self_test(world);
    }
    nothing_left(world);
    controller.close();
    reload(world);
    let violations = world.counted(Counter::Violations);
    print(&format!("seed {}: {violations} violations", settings.seed));
    ExitCode::from(u8::from(violations > 0))
}

/// Tenants without an association must have been caught, by every watcher.
fn self_test(world: World) -> ExitCode {
    let kinds = [
        ("packets", Counter::PacketViolations),
        ("messages", Counter::MessageViolations),
        ("sockets", Counter::SocketViolations),
    ];
    let mut blind = false;
    for (name, counter) in kinds {
        let found = world.counted(counter);
        print(&format!("self-test: {name}: {found} violations found"));
        blind |= found == 0;
    }
    ExitCode::from(u8::from(blind))
}

fn number_in(file: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("{}/{file}", addrconf_abi::SYSFS_PATH)).ok()?;
    text.trim().parse().ok()
}

/// After all tenants: no association and no task.
fn nothing_left(world: World) {
    let mut left = (None, None);
    for _ in 0..120 {
        reap();
        left = (number_in("associations"), number_in("tasks"));
        if left == (Some(0), Some(0)) {
            print("nothing is left");
            return;
        }
        thread::sleep(Duration::from_secs(1));
    }
    let facts = format_args!("associations and tasks left: {left:?}");
    world.violation(Counter::OtherViolations, 0, facts);
}

/// The module can be unloaded, and loaded again.
fn reload(world: World) {
    let mut unloaded = delete_module();
    for _ in 0..50 {
        if unloaded.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        unloaded = delete_module();
    }
    let loaded = fs::File::open(MODULE)
        .map_err(|e| e.raw_os_error().unwrap_or(0))
        .and_then(|file| {
            use std::os::fd::AsRawFd;
            load_module(file.as_raw_fd())
        });
    if unloaded.is_err() || loaded.is_err() {
        let facts = format_args!("unloading: {unloaded:?}, loading: {loaded:?}");
        world.violation(Counter::OtherViolations, 0, facts);
    } else {
        print("the module was unloaded and loaded again");
    }
}
