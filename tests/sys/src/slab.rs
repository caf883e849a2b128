// SPDX-License-Identifier: GPL-2.0

//! The memory that the kernel has handed out to itself.

use std::collections::BTreeMap;
use std::fs;

/// A cache of objects of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Objects in use.
    pub objects: u64,
    /// Bytes of an object.
    pub size: u64,
}

/// Caches by name.
pub type Caches = BTreeMap<String, Cache>;

/// The memory in use at one moment.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Bytes of everything that the kernel counts as its own.
    pub bytes: u64,
    /// Its caches; none if the kernel does not count objects.
    pub caches: Caches,
}

impl Memory {
    /// The memory in use now, after freeing what can be freed at once.
    pub fn now() -> Self {
        free_at_once();
        let text = fs::read_to_string("/proc/meminfo").expect("meminfo");
        Self {
            bytes: own(&text),
            caches: caches(),
        }
    }
}

/// Frees what can be freed at once.
pub fn free_at_once() {
    // Runs all pending RCU callbacks, which free memory.
    let _ = fs::write("/sys/module/rcutree/parameters/do_rcu_barrier", "1");
    // Directory entries and inodes, also of removed files.
    let _ = fs::write("/proc/sys/vm/drop_caches", "3");
    if let Ok(caches) = fs::read_dir("/sys/kernel/slab") {
        for cache in caches.flatten() {
            let _ = fs::write(cache.path().join("shrink"), "1");
        }
    }
}

/// The caches, as /proc/slabinfo lists them.
pub fn caches() -> Caches {
    parse(&fs::read_to_string("/proc/slabinfo").unwrap_or_default())
}

/// The bytes in /proc/meminfo that are no process's and no file's.
fn own(meminfo: &str) -> u64 {
    let kinds = [
        "Slab:",
        "KernelStack:",
        "PageTables:",
        "VmallocUsed:",
        "Percpu:",
    ];
    let lines = meminfo.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let kind = words.next()?;
        kinds.contains(&kind).then_some(())?;
        words.next()?.parse::<u64>().ok()
    });
    lines.sum::<u64>() * 1024
}

fn parse(slabinfo: &str) -> Caches {
    let lines = slabinfo.lines().skip(2).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (name, active, _) = (fields.next()?, fields.next()?, fields.next()?);
        let cache = Cache {
            objects: active.parse().ok()?,
            size: fields.next()?.parse().ok()?,
        };
        Some((name.to_owned(), cache))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_the_sum_of_the_kernels_own_kinds() {
        let meminfo = "MemFree: 7 kB\nSlab: 10 kB\nSUnreclaim: 9 kB\nPercpu: 2 kB\n";
        assert_eq!(own(meminfo), 12 * 1024);
    }

    #[test]
    fn a_line_of_slabinfo_is_a_cache() {
        let slabinfo = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize>\n\
            kmalloc-64 100 128 64 64 1 : tunables 0 0 0 : slabdata 2 2 0\n";
        let cache = Cache {
            objects: 100,
            size: 64,
        };
        assert_eq!(
            parse(slabinfo),
            Caches::from([("kmalloc-64".into(), cache)])
        );
    }
}
