// SPDX-License-Identifier: GPL-2.0

//! Forks as fast as they go, and fork bombs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use addrconf_abi::Target;

use crate::child::Child;
use crate::device::{fact, open, wait_until_empty};
use crate::memory::Memory;
use crate::sys;
use crate::wait::eventually;
use crate::world::TENANTS;

/// So many processes fork at a time.
const FORKERS: usize = 4;

/// One in so many forks copies memory, and one is a thread.
const FULL: u64 = 64;

/// The user that bombs run as, and how many processes it may have.
const NOBODY: u32 = 65_534;
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

/// So many forks, by tenants that are then gone.
fn burst(forks: u64) {
    let made = &sys::shared_counters(1).expect("a counter")[0];
    let tenants: Vec<_> = (0..FORKERS)
        .map(|n| Child::tenant(TENANTS[n], || fork_until(made, forks)))
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
                let child = sys::fork_and_exit().expect("fork");
                sys::wait(child, false).expect("wait");
            }
            1 => std::thread::spawn(|| ()).join().expect("a thread"),
            _ => sys::vfork_and_wait().expect("vfork"),
        }
    }
}

/// So many times processes that all fork as often as they may, until they are
/// killed or, every other time, tired of it.
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

/// One of them; how many tasks there were.
fn bomb(tired: bool) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(3);
    let (bomb, id) = Child::tenant(TENANTS[0], || {
        sys::become_user(NOBODY, LIMIT).expect("nobody");
        sys::ignore_children(true);
        explode(deadline, tired);
    });
    let device = open();
    let mut most = 0;
    eventually("the limit", || {
        most = most.max(fact("tasks"));
        most >= LIMIT - 10
    });
    if !tired {
        // Those that are killed make room for others, which must not escape.
        eventually("the end of the bomb", || {
            let pids = match device.query(Target::Association(id)) {
                Ok(found) => found.pids,
                Err(_) => return true,
            };
            // First none makes any more, then none is left.
            for signal in [libc::SIGSTOP, libc::SIGKILL] {
                for pid in &pids {
                    let _ = sys::kill(*pid, signal);
                }
            }
            // One that has exited is a task until somebody waits for it.
            while let Ok(Some(_)) = sys::wait(-1, true) {}
            fact("tasks") == 0
        });
    }
    std::mem::forget(bomb);
    eventually("the last of them", || {
        while let Ok(Some(_)) = sys::wait(-1, true) {}
        fact("tasks") == 0
    });
    wait_until_empty();
    most
}

fn explode(deadline: Instant, tired: bool) {
    while !tired || Instant::now() < deadline {
        // Refused at the limit, which is the point.
        if let Ok(Some(_)) | Err(_) = sys::fork() {
            std::thread::yield_now();
        }
    }
}
