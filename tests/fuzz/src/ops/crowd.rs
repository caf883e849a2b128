// SPDX-License-Identifier: GPL-2.0

//! A process with many threads narrows itself while it gets hardly any processor
//! time. Others wait for whatever lock it holds meanwhile.

use std::io::Result;
use std::thread::{sleep, Builder};
use std::time::Duration;

use super::{process, Actor};
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::schedule::{be_nicest, run_when_idle};
use crate::world::Counter;

/// The most threads of a crowd, on an ordinary kernel.
const MOST: usize = 200;
/// How many threads of a crowd compute all the time.
const BUSY: usize = 3;
/// The longest life of a crowd, in milliseconds. Longer than a control call may take.
const LASTS: usize = 9000;
/// The stack of a thread in bytes, which does little.
const STACK: usize = 64 << 10;

/// Starts a child that becomes a crowd. Only one exists at a time, with a pause
/// between two.
pub fn narrow(a: &mut Actor) -> Result<()> {
    let time = LASTS as u64 * 3 / 2 * 1_000_000;
    if a.depth > 2 || !a.world.may_crowd(time) {
        return Ok(());
    }
    a.spawn(0xc0d, crowd)
}

fn crowd(a: &mut Actor) {
    let milliseconds = LASTS / 4 + a.rng.below(LASTS * 3 / 4);
    let lasts = milliseconds as u64 * 1_000_000;
    let most = MOST / a.world.pace() as usize;
    for _ in 0..10 + a.rng.below(most) {
        let pause = Duration::from_millis(20 + a.rng.below(200) as u64);
        // Some threads end early, and some at once.
        let early = a.rng.below(milliseconds * 3 / 2) as u64 * 1_000_000;
        let until = now() + lasts.saturating_sub(early);
        let life = move || {
            while now() < until {
                sleep(pause);
            }
        };
        if Builder::new().stack_size(STACK).spawn(life).is_err() {
            break;
        }
    }
    // After the others: starting those would take much longer beside these.
    let end = now() + lasts;
    for _ in 0..BUSY {
        let life = move || while now() < end {};
        let _ = Builder::new().stack_size(STACK).spawn(life);
    }
    // A second thread narrows the process at the same time.
    let mut other = a.another();
    other.thread = false;
    let too = Builder::new().spawn(move || other.narrow_until(end));
    // Only this thread loses its priority, so the others take the processors from it.
    if a.rng.percent(70) {
        let _ = run_when_idle();
    } else {
        be_nicest();
    }
    a.narrow_until(end);
    drop(too);
}

impl Actor {
    fn narrow_until(&mut self, end: u64) {
        while now() < end {
            self.world.count(Counter::Crowds);
            if let Err(e) = process::narrow(self) {
                self.world.count_error(errno(&e));
            }
            sleep(Duration::from_millis(self.rng.below(300) as u64));
        }
    }
}
