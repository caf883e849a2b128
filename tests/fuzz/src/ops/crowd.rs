// SPDX-License-Identifier: GPL-2.0

//! Narrowing by a process of many threads that gets no processor: whatever it holds
//! meanwhile, others wait for.

use std::sync::atomic::Ordering;
use std::thread::{sleep, Builder};
use std::time::Duration;

use super::{process, Actor};
use crate::rng::Rng;
use crate::sys::process::{be_idle, be_nicest, exit, fork, now};
use crate::sys::Result;
use crate::world::{Counter, SLOTS};

/// Threads of a crowd, on an ordinary kernel.
const MOST: usize = 200;
/// Threads of it that compute all the time.
const BUSY: usize = 4;
/// How long it lasts, in milliseconds.
const LASTS: usize = 4000;
/// Threads do little: this is enough, in bytes.
const STACK: usize = 64 << 10;

/// Has a child do it, one of a tenant at a time.
pub fn narrow(a: &mut Actor) -> Result<()> {
    let slot = a.tenant as usize % SLOTS;
    let twice = 2 * LASTS as u64 * 1_000_000;
    if a.depth > 2 || !a.world.may_crowd(slot, twice) || !a.may_fork() {
        return Ok(());
    }
    match fork() {
        Ok(0) => {
            a.depth += 1;
            a.thread = false;
            a.kept.forget_ring();
            a.rng = Rng::new(a.rng.next() ^ 0xc0d);
            crowd(a);
            a.world.live(slot).fetch_sub(1, Ordering::Relaxed);
            exit(0)
        }
        child => child.map(drop),
    }
}

fn crowd(a: &mut Actor) {
    let lasts = (LASTS / 4 + a.rng.below(LASTS * 3 / 4)) as u64;
    let end = now() + lasts * 1_000_000;
    let most = MOST / a.world.pace() as usize;
    for nr in 0..BUSY + 10 + a.rng.below(most) {
        let pause = Duration::from_millis(20 + a.rng.below(200) as u64);
        let busy = nr < BUSY;
        // Some end early, and some at once.
        let early = if busy {
            0
        } else {
            a.rng.below(lasts as usize * 3 / 2)
        };
        let until = end - early as u64 * 1_000_000;
        let life = move || {
            while now() < until {
                if !busy {
                    sleep(pause);
                }
            }
        };
        if Builder::new().stack_size(STACK).spawn(life).is_err() {
            break;
        }
    }
    // This thread only: the others keep the processors from it.
    if a.rng.percent(70) {
        be_idle();
    } else {
        be_nicest();
    }
    while now() < end {
        a.world.count(Counter::Crowds);
        if let Err(errno) = process::narrow(a) {
            a.world.count_error(errno);
        }
        sleep(Duration::from_millis(a.rng.below(50) as u64));
    }
}
