// SPDX-License-Identifier: GPL-2.0

//! Forks as fast as possible, and fork bombs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use addrconf_abi::Target;

use crate::child::spawn_tenant;
use crate::device::{fact, open, wait_until_empty};
use crate::memory::Memory;
use crate::sys::limit::allow_processes;
use crate::sys::memory::shared_cells;
use crate::sys::process::{fork, ignore_children, kill, reap, wait};
use crate::sys::user::{set_user, NOBODY};
use crate::sys::vfork::{fork_and_exit, vfork_and_wait};
use crate::wait::eventually;
use crate::world::TENANTS;

/// How many processes fork at a time.
const FORKERS: usize = 4;

/// One in this many forks is a `fork()`, and one is a thread. The rest is `vfork()`.
const FULL: u64 = 64;

/// How many processes the user that bombs run as may have.
const LIMIT: u64 = 300;

pub fn run(forks: u64) -> Vec<String> {
    burst(2_000);
    wait_until_empty();
    let before = Memory::settled();
    let started = Instant::now();
    burst(forks);
    let seconds = started.elapsed().as_secs_f64();
    wait_until_empty();
    let mut lines = before.is_back();
    let rate = forks as f64 / seconds;
    lines.push(format!(
        "{forks} forks in {seconds:.1} s: {rate:.0} per second"
    ));
    lines
}

/// Makes this many forks in several tenants, and waits until these have ended.
fn burst(forks: u64) {
    let made = &shared_cells(1).expect("a counter")[0];
    let tenants: Vec<_> = (0..FORKERS)
        .map(|n| spawn_tenant(TENANTS[n], || fork_until(made, forks)))
        .collect();
    for (tenant, _) in tenants {
        tenant.succeeded();
    }
    assert!(made.load(Ordering::Relaxed) >= forks);
}

fn fork_until(made: &AtomicU64, limit: u64) {
    loop {
        let n = made.fetch_add(1, Ordering::Relaxed);
        if n >= limit {
            return;
        }
        match n % FULL {
            0 => {
                let child = fork_and_exit().expect("fork");
                wait(child, false).expect("wait");
            }
            1 => std::thread::spawn(|| ()).join().expect("a thread"),
            _ => vfork_and_wait().expect("vfork"),
        }
    }
}

/// Runs fork bombs, this many. Every process of one forks as often as it can. Every
/// other bomb ends by itself, and the rest are killed.
pub fn bombs(rounds: u64) -> Vec<String> {
    bomb(true);
    bomb(false);
    let before = Memory::settled();
    let mut most = 0;
    for round in 0..rounds {
        most = bomb(round % 2 == 0).max(most);
    }
    let mut lines = before.is_back();
    lines.push(format!("up to {most} tasks at a time"));
    lines
}

/// Runs one fork bomb, and returns the largest number of tasks. `tired`: it ends by
/// itself.
fn bomb(tired: bool) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(3);
    let (bomb, id) = spawn_tenant(TENANTS[0], || {
        allow_processes(LIMIT).expect("a limit");
        set_user(NOBODY).expect("nobody");
        ignore_children(true);
        explode(deadline, tired);
    });
    let device = open();
    let mut most = 0;
    eventually("as many tasks as the user may have", || {
        most = most.max(fact("tasks"));
        most >= LIMIT - 10
    });
    if !tired {
        // Killed processes make room for new ones, which must not escape.
        eventually("the end of the bomb", || {
            let pids = match device.query(Target::Association(id)) {
                Ok(found) => found.pids,
                Err(_) => return true,
            };
            // SIGSTOP first, so that none forks while others are killed.
            for signal in [libc::SIGSTOP, libc::SIGKILL] {
                for pid in &pids {
                    let _ = kill(*pid, signal);
                }
            }
            // A process that has exited counts as a task until it is reaped.
            reap();
            fact("tasks") == 0
        });
    }
    std::mem::forget(bomb);
    eventually("the end of the bomb's last task", || {
        reap();
        fact("tasks") == 0
    });
    wait_until_empty();
    most
}

fn explode(deadline: Instant, tired: bool) {
    while !tired || Instant::now() < deadline {
        // fork() fails when the user has reached its limit.
        if let Ok(Some(_)) | Err(_) = fork() {
            std::thread::yield_now();
        }
    }
}
