// SPDX-License-Identifier: GPL-2.0

//! What the kernel's allocators have given out: all of it in kilobytes, and on
//! kernels that count them (the debug kernel) objects by cache.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// So much more than before is allowed: the allocators keep what they were
/// given back, for a while and for each processor.
const SLACK_KB: u64 = 4096;
/// Likewise for the objects of a cache.
const SLACK_OBJECTS: u64 = 500;
/// So many caches are named that have grown most.
const MOST: usize = 6;
/// How long memory may take to come back.
const LIMIT: Duration = Duration::from_secs(90);
/// Memory that has not fallen for so long has come back as far as it will.
const SETTLED: Duration = Duration::from_secs(5);

/// What was given out at one moment.
pub struct Memory {
    unreclaimable_kb: u64,
    objects: BTreeMap<String, u64>,
}

impl Memory {
    /// What is given out when all has gone that was about to.
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

    /// What is given out now, without what could go at once.
    pub fn now() -> Self {
        // Memory that readers might still use.
        let _ = fs::write("/sys/module/rcutree/parameters/do_rcu_barrier", "1");
        // Directory entries and inodes, also of what there is no more.
        let _ = fs::write("/proc/sys/vm/drop_caches", "3");
        if let Ok(caches) = fs::read_dir("/sys/kernel/slab") {
            for cache in caches.flatten() {
                let _ = fs::write(cache.path().join("shrink"), "1");
            }
        }
        Self {
            unreclaimable_kb: unreclaimable(),
            objects: objects(),
        }
    }

    /// All of it, in kilobytes.
    pub fn unreclaimable_kb(&self) -> u64 {
        self.unreclaimable_kb
    }

    /// Checks that memory is as it was; says in words how it is.
    #[track_caller]
    pub fn is_back(&self) -> Vec<String> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let now = Self::settled();
            let grown = self.grown(&now);
            if grown.is_empty() {
                return self.difference(&now);
            }
            assert!(Instant::now() < deadline, "memory lost: {grown:?}");
        }
    }

    /// One number for what is looked at.
    fn sum(&self) -> u64 {
        if self.objects.is_empty() {
            self.unreclaimable_kb
        } else {
            self.objects.values().sum()
        }
    }

    fn grown(&self, now: &Self) -> Vec<String> {
        let mut grown = Vec::new();
        // Where objects are counted, freed ones are kept for a long time, and
        // every page has notes on its history.
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

    /// Says in words how it is while work goes on, and proves nothing.
    pub fn so_far(&self) -> String {
        self.difference(&Self::now()).join("; ")
    }

    /// Says in words how it is now.
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
        lines.push(format!("of these most: {most}"));
        lines
    }
}

/// The caches a module allocates from that has none of its own.
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

/// Objects in use, by cache, as far as a task, a socket or a module has any.
fn objects() -> BTreeMap<String, u64> {
    let text = fs::read_to_string("/proc/slabinfo").unwrap_or_default();
    let lines = text.lines().skip(2);
    let counted = lines.filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (name, active) = (fields.next()?, fields.next()?);
        let ours = [
            "task_struct",
            "sock_inode_cache",
            "TCP",
            "UDP",
            "signal_cache",
        ];
        (is_general(name) || ours.contains(&name)).then_some(())?;
        Some((name.to_owned(), active.parse().ok()?))
    });
    counted.collect()
}
