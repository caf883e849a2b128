// SPDX-License-Identifier: GPL-2.0

//! The parent process of the fuzzer. It prints the numbers, and exits with an
//! error when the fuzzer hangs. It never blocks, has its own address space and
//! runs at a higher priority than all others, so a hang of the fuzzer cannot
//! keep it from reporting.

use std::fs::{read_dir, read_to_string, write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::print::print;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::process::{fork, kill, wait, Status};
use crate::sys::schedule::go_first;
use crate::world::{Counter, World};

const SECOND: u64 = 1_000_000_000;
/// Seconds between two lines of numbers.
const INTERVAL: u64 = 10;
/// Seconds in one action of the controller after which a note is printed.
const NOTE: u64 = 15;
/// Nanoseconds in a control call after which its kernel stack is printed.
const LONG_CALL: u64 = 3 * SECOND;
/// Seconds in one action after which the fuzzer hangs, on an ordinary kernel.
const LIMIT: u64 = 100;
/// The exit status for a hang.
const HANGS: u8 = 3;
/// The exit status when it was killed.
const KILLED: u8 = 128;

/// Calls `run` in a child process, whose exit status is what `run` returns. The
/// child may take `seconds`, and a limit of time for the start and the end.
pub fn supervise(world: World, seconds: u64, run: impl FnOnce() -> ExitCode) -> ExitCode {
    let child = match fork() {
        Ok(None) => return run(),
        Ok(Some(child)) => child,
        Err(e) => {
            print(&format!("fork: error {}", errno(&e)));
            return ExitCode::from(HANGS);
        }
    };
    go_first(3);
    let limit = LIMIT * world.pace();
    let started = now();
    let (mut last, mut noted) = (started, 0);
    loop {
        thread::sleep(Duration::from_millis(100));
        if let Some(status) = ended(child) {
            progress(world, started);
            if status == KILLED {
                print("a signal killed the fuzzer's process");
            }
            return ExitCode::from(status);
        }
        let since = world.in_call_since();
        if since != noted && since != 0 && now() > since + LONG_CALL * world.pace() {
            noted = since;
            let waits = stack(child, child);
            print(&format!(
                "note: a control call takes long, in the kernel at: {waits}"
            ));
        }
        if now() < last + INTERVAL * SECOND {
            continue;
        }
        last = now();
        progress(world, started);
        let (action, since) = world.action();
        let since = if since == 0 { started } else { since };
        // The controller may have begun another action after `last` was read.
        let for_long = last.saturating_sub(since) / SECOND;
        if for_long >= NOTE {
            let stack = stack(child, child);
            print(&format!(
                "note: the controller has been {action} for {for_long} s, in the kernel at: {stack}"
            ));
        }
        if for_long >= limit || last - started > (seconds + 4 * limit) * SECOND {
            print(&format!(
                "THE FUZZER HANGS: {action} for {for_long} s, after {} s in all",
                (last - started) / SECOND
            ));
            give_up(child);
            return ExitCode::from(HANGS);
        }
    }
}

/// The exit status of a child that has ended; [`KILLED`] if by a signal.
fn ended(child: i32) -> Option<u8> {
    match wait(child, true) {
        Ok(None) => None,
        Ok(Some((_, Status::Exited(status)))) => Some(status as u8),
        _ => Some(KILLED),
    }
}

/// The kernel stack of a thread, in one line.
fn stack(process: i32, thread: i32) -> String {
    let stack = read_to_string(format!("/proc/{process}/task/{thread}/stack"));
    stack.unwrap_or_default().replace('\n', " ")
}

/// Prints the kernel stack of every thread, and kills all processes.
fn give_up(child: i32) {
    let threads = read_dir(format!("/proc/{child}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        let number = thread.file_name().to_string_lossy().parse().unwrap_or(0);
        print(&format!("thread {number}: {}", stack(child, number)));
    }
    // Blocked tasks, then all tasks, into the kernel's log.
    for what in ["w", "t"] {
        let _ = write("/proc/sysrq-trigger", what);
    }
    let _ = kill(child, libc::SIGKILL);
    let groups = read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    for group in groups {
        let _ = write(group.path().join("cgroup.kill"), "1");
    }
}

/// Prints the numbers.
fn progress(world: World, started: u64) {
    let n = |counter| world.counted(counter);
    let mut errors = world.errors();
    errors.sort_by_key(|e| std::cmp::Reverse(e.1));
    let errors = errors.iter().take(12);
    let errors: Vec<String> = errors.map(|(e, n)| format!("{e}:{n}")).collect();
    print(&format!(
        "{:>5} s: {} operations, {} refused ({}), {} forks, {} tenants, {} updates, {} entered by rules, {} moves, {} calls of users, {} flushes, {} raw sockets; probes {} sent, {} received; \
         secrets {} sent, {} read; {} answers, {} crowds, {} crowded ports, {} heard on kept loopbacks, no call over {} ms; \
         {} messages, {} packets, {} sockets, {} members, {} events checked, {} questions answered; seconds {}; {} VIOLATIONS",
        (now() - started) / SECOND,
        n(Counter::Operations),
        n(Counter::Refusals),
        errors.join(" "),
        n(Counter::Forks),
        n(Counter::Tenants),
        n(Counter::Updates),
        n(Counter::Entered),
        n(Counter::Moves),
        n(Counter::Granted),
        n(Counter::Flushes),
        n(Counter::RawSockets),
        n(Counter::ProbesSent),
        n(Counter::Probes),
        n(Counter::Secrets),
        n(Counter::SecretsRead),
        n(Counter::Answers),
        n(Counter::Crowds),
        n(Counter::CrowdedPorts),
        n(Counter::KeptLoopbacks),
        n(Counter::Longest),
        n(Counter::Messages),
        n(Counter::Packets),
        n(Counter::Sockets),
        n(Counter::Members),
        n(Counter::Events),
        n(Counter::Questions),
        world.spent(),
        n(Counter::Violations),
    ));
}
