// SPDX-License-Identifier: GPL-2.0

//! The memory that the kernel's allocators have handed out: all of it in kilobytes,
//! and objects by cache on kernels that count them (the debug kernel).

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sys::slab::{caches, free_at_once};

/// How much slab memory may grow, in kilobytes. The allocators keep freed memory for a
/// while, for each processor.
const SLACK_KB: u64 = 4096;
/// How many more objects a cache may have.
const SLACK_OBJECTS: u64 = 500;
/// How many of the caches that grew most are named.
const MOST: usize = 6;
/// How long memory may take to be freed.
const LIMIT: Duration = Duration::from_secs(90);
/// Memory has settled when it has not fallen for this long.
const SETTLED: Duration = Duration::from_secs(5);

/// The memory in use at one moment.
pub struct Memory {
    unreclaimable_kb: u64,
    objects: BTreeMap<String, u64>,
}

impl Memory {
    /// The memory in use when it has settled.
    pub fn settled() -> Self {
        let (mut least, started) = (Self::now(), Instant::now());
        let mut since = started;
        while since.elapsed() < SETTLED && started.elapsed() < LIMIT {
            sleep(Duration::from_secs(1));
            let now = Self::now();
            if now.sum() < least.sum() {
                (least, since) = (now, Instant::now());
            }
        }
        least
    }

    /// The memory in use now, after freeing what can be freed at once.
    pub fn now() -> Self {
        free_at_once();
        Self {
            unreclaimable_kb: unreclaimable(),
            objects: objects(),
        }
    }

    /// Unreclaimable slab memory, in kilobytes.
    pub fn unreclaimable_kb(&self) -> u64 {
        self.unreclaimable_kb
    }

    /// Checks that memory is as it was before. Returns lines about it.
    ///
    /// # Panics
    ///
    /// If memory stays above what it was plus a slack.
    #[track_caller]
    pub fn is_back(&self) -> Vec<String> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let now = Self::settled();
            let grown = self.grown(&now);
            if grown.is_empty() {
                return self.difference(&now);
            }
            assert!(
                Instant::now() < deadline,
                "kernel memory is not freed after {LIMIT:?}: {grown:?}"
            );
        }
    }

    /// The number whose fall [`settled`](Self::settled) watches.
    fn sum(&self) -> u64 {
        if self.objects.is_empty() {
            self.unreclaimable_kb
        } else {
            self.objects.values().sum()
        }
    }

    fn grown(&self, now: &Self) -> Vec<String> {
        let mut grown = Vec::new();
        // Only on kernels that do not count objects: the debug kernel keeps freed
        // objects for a long time, and stores the history of every page.
        if self.objects.is_empty() && now.unreclaimable_kb > self.unreclaimable_kb + SLACK_KB {
            let (before, after) = (self.unreclaimable_kb, now.unreclaimable_kb);
            grown.push(format!("slab: {before} KB before, {after} KB after"));
        }
        for (cache, after) in &now.objects {
            let before = self.objects.get(cache).copied().unwrap_or(0);
            if *after > before + SLACK_OBJECTS {
                grown.push(format!("{cache}: {before} before, {after} after"));
            }
        }
        grown
    }

    /// A line about memory in the midst of a test, for information only.
    pub fn so_far(&self) -> String {
        self.difference(&Self::now()).join("; ")
    }

    /// Lines about how memory differs from `now`.
    pub fn difference(&self, now: &Self) -> Vec<String> {
        let slab = now.unreclaimable_kb as i64 - self.unreclaimable_kb as i64;
        let mut lines = vec![format!(
            "slab, unreclaimable: {} KB before, {slab:+} KB",
            self.unreclaimable_kb
        )];
        if self.objects.is_empty() {
            return lines;
        }
        let general = |objects: &BTreeMap<String, u64>| -> u64 {
            let ours = objects.iter().filter(|(cache, _)| is_general(cache));
            ours.map(|(_, count)| count).sum()
        };
        let (before, after) = (general(&self.objects), general(&now.objects));
        let change = after as i64 - before as i64;
        lines.push(format!("kmalloc objects: {before} before, {change:+}"));
        let changes = now.objects.iter().map(|(cache, after)| {
            let before = self.objects.get(cache).copied().unwrap_or(0);
            (*after as i64 - before as i64, cache)
        });
        let mut changes: Vec<_> = changes.filter(|(change, _)| *change > 0).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        changes.truncate(MOST);
        let most = changes
            .iter()
            .map(|(change, cache)| format!("{cache} {change:+}"));
        let most = most.collect::<Vec<_>>().join(", ");
        lines.push(format!("caches that grew most: {most}"));
        lines
    }
}

/// Whether this is a cache from which modules without caches of their own allocate.
fn is_general(cache: &str) -> bool {
    cache.starts_with("kmalloc-") || cache == "kernfs_node_cache"
}

fn unreclaimable() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("meminfo");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("SUnreclaim:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|n| n.parse().ok()).expect("SUnreclaim")
}

/// Objects in use, of the caches that tasks, sockets and modules use.
fn objects() -> BTreeMap<String, u64> {
    let ours = [
        "task_struct",
        "sock_inode_cache",
        "TCP",
        "UDP",
        "signal_cache",
    ];
    caches()
        .into_iter()
        .filter(|(name, _)| is_general(name) || ours.contains(&name.as_str()))
        .map(|(name, cache)| (name, cache.objects))
        .collect()
}
