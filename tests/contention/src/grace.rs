// SPDX-License-Identifier: GPL-2.0

//! How long the kernel's grace periods take. `membarrier(2)` waits for one
//! (`synchronize_rcu()`), so a program can measure it, in the guest too.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use addrconf_test_sys::child::Child;
use addrconf_test_sys::grace;
use addrconf_test_sys::memory::shared_cells;

/// What was measured.
#[derive(Debug)]
pub struct Measured {
    /// Each wait, from the shortest.
    pub waits: Vec<Duration>,
    /// Forks a second meanwhile.
    pub forks: u64,
}

impl Measured {
    /// The wait that this part of them does not exceed.
    pub fn quantile(&self, part: f64) -> Duration {
        let last = self.waits.len() - 1;
        self.waits[(last as f64 * part).round() as usize]
    }
}

/// Waits for grace periods for this long, while `forkers` processes fork as fast as they can.
pub fn measure(time: Duration, forkers: usize) -> Measured {
    let forked = &shared_cells(1).expect("memory")[0];
    let children: Vec<_> = (0..forkers)
        .map(|_| {
            Child::leading(|| loop {
                Child::spawn(|| ()).succeeded();
                forked.fetch_add(1, Relaxed);
            })
        })
        .collect();
    let begin = Instant::now();
    let mut waits = Vec::new();
    while begin.elapsed() < time {
        let before = Instant::now();
        grace::wait().expect("membarrier");
        waits.push(before.elapsed());
    }
    let forks = (forked.load(Relaxed) as f64 / begin.elapsed().as_secs_f64()) as u64;
    drop(children);
    waits.sort_unstable();
    Measured { waits, forks }
}
