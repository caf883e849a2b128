// SPDX-License-Identifier: GPL-2.0

//! How instructions are counted: guest time in nanoseconds, one for each under QEMU's
//! `-icount shift=0`.

use addrconf_test_sys::child::children_of;
use addrconf_test_sys::clock::processor_time;

/// The smallest of several results.
pub fn least(times: u32, mut measure: impl FnMut() -> u64) -> u64 {
    (0..times).map(|_| measure()).min().unwrap_or(0)
}

/// The middle one of several results.
pub fn median(mut results: Vec<u64>) -> u64 {
    results.sort_unstable();
    results.get(results.len() / 2).copied().unwrap_or(0)
}

/// Counts what this process and the kernel's threads execute, but not the time for which
/// they wait: guest time leaps to the next timer then. What interrupts execute meanwhile does
/// not count either.
pub struct Work {
    kernel_threads: Vec<i32>,
}

/// The parent of the kernel's threads.
const KTHREADD: i32 = 2;

impl Work {
    /// Finds the kernel's threads.
    pub fn watch() -> Self {
        Self {
            kernel_threads: children_of(KTHREADD),
        }
    }

    /// Instructions of this process and the kernel's threads while `f` runs.
    pub fn instructions(&self, f: impl FnOnce()) -> u64 {
        let before = self.so_far();
        f();
        self.so_far() - before
    }

    fn so_far(&self) -> u64 {
        let own = std::process::id() as i32;
        let all = self.kernel_threads.iter().chain([&own]);
        // A kernel thread may end.
        all.filter_map(|pid| processor_time(*pid).ok()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;
    use std::time::Duration;

    #[test]
    fn the_median_is_the_middle_and_the_least_the_smallest() {
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![]), 0);
        let mut results = [7, 3, 5].into_iter();
        assert_eq!(least(3, || results.next().unwrap()), 3);
    }

    #[test]
    fn work_counts_and_waiting_does_not() {
        let work = Work {
            kernel_threads: Vec::new(),
        };
        let waited = work.instructions(|| sleep(Duration::from_millis(50)));
        let worked = work.instructions(|| {
            let start = work.so_far();
            while work.so_far() - start < 50_000_000 {}
        });
        assert!(waited < worked);
    }
}
