// SPDX-License-Identifier: GPL-2.0

//! How much memory of the kernel a task, a socket and an association take, and, for
//! comparison, a network namespace with a veth pair: what many of them add, divided by
//! their number.

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::process::Command;

use addrconf_abi::{AddrEntry, Target};
use addrconf_test_client::Device;
use addrconf_test_sys::child::Child;
use addrconf_test_sys::limit::allow_descriptors;
use addrconf_test_sys::process::adopt_orphans;
use addrconf_test_sys::slab::{Caches, Memory};
use rustix::net::{socket, AddressFamily, SocketType};

use crate::group::{allow_many, apart, end, sleepers};

/// So many that a page more or less does not matter.
const MANY: u32 = 30_000;
/// Associations with this many addresses, and how many of them.
const SIZES: [(u32, u32); 3] = [(1, MANY), (2, MANY), (64, MANY / 10)];
const NAMESPACES: u32 = 100;

/// Measures tasks and sockets of processes that are not associated.
pub fn plain() {
    tasks_and_sockets(|_| ());
}

/// Measures network namespaces.
pub fn namespaces() {
    report("a namespace with a veth pair", NAMESPACES, || {
        let script = format!(
            "for i in $(seq {NAMESPACES}); do
                ip netns add n$i && ip link add v$i type veth peer name e netns n$i &&
                ip link set v$i up && ip -n n$i link set e up && ip -n n$i link set lo up &&
                ip -n n$i addr add 10.0.0.2/24 dev e || exit
            done"
        );
        let status = Command::new("sh").args(["-ec", &script]).status();
        assert!(status.expect("sh").success(), "a namespace");
    });
}

/// Measures tasks and sockets of an association, and associations.
pub fn associated() {
    let device = Device::open().expect("the device");
    let assign = |pid, set: &[AddrEntry]| device.assign(Target::Pid(pid), set, "").expect("assign");
    tasks_and_sockets(|child| _ = assign(child.pid(), &set(0, 1)));
    for (size, count) in SIZES {
        apart(|| {
            let processes = sleepers(count);
            let name = format!("an association of one task, {size} addr.");
            report(&name, count, || {
                for (index, pid) in (0..).zip(&processes) {
                    assign(*pid, &set(index, size));
                }
            });
        });
        wait_for_none(&device);
    }
}

/// Addresses of the network 11.0.0.0/8, of which no two are next to each other.
fn set(index: u32, size: u32) -> Vec<AddrEntry> {
    (0..size)
        .map(|n| Ipv4Addr::from((11 << 24) + 2 * (index * size + n)))
        .map(|address| AddrEntry::host(address.into()))
        .collect()
}

fn wait_for_none(device: &Device) {
    // They end a moment after their processes.
    while !device.ids().expect("list").is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Measures what children make which `prepare` changes first.
fn tasks_and_sockets(prepare: impl Fn(&Child)) {
    allow_many();
    adopt_orphans().expect("a subreaper");
    in_child("a task", &prepare, || _ = sleepers(MANY));
    for (name, kind) in [
        ("a TCP socket", SocketType::STREAM),
        ("a UDP socket", SocketType::DGRAM),
    ] {
        in_child(name, &prepare, || {
            allow_descriptors(MANY as usize + 100).expect("a limit");
            for _ in 0..MANY {
                std::mem::forget(socket(AddressFamily::INET, kind, None).expect("socket"));
            }
        });
    }
}

fn in_child(name: &str, prepare: &impl Fn(&Child), make: impl Fn()) {
    let (mut ours, mut theirs) = UnixStream::pair().expect("a pair");
    let child = Child::leading(|| {
        let mut byte = [0];
        theirs.read_exact(&mut byte).expect("the start");
        make();
        theirs.write_all(&byte).expect("the answer");
        let _ = theirs.read_exact(&mut byte);
    });
    prepare(&child);
    report(name, MANY, || {
        ours.write_all(&[1]).expect("start");
        ours.read_exact(&mut [0]).expect("an answer");
    });
    end(child);
}

/// Prints what `make` adds for each of the `count` objects that it makes: all bytes, those
/// in objects of caches, and the objects. The tables of hashes are no such objects.
fn report(name: &str, count: u32, make: impl FnOnce()) {
    let before = Memory::now();
    make();
    let after = Memory::now();
    let bytes = after.bytes.saturating_sub(before.bytes) / u64::from(count);
    let total = |caches: &Caches| -> u64 {
        let bytes = caches.values().map(|cache| cache.objects * cache.size);
        bytes.sum()
    };
    let objects = total(&after.caches).saturating_sub(total(&before.caches));
    let objects = objects / u64::from(count);
    let caches = grown(&before.caches, &after.caches, count);
    println!("{name}\t{bytes}\t{objects}\t{caches}");
}

/// The caches from which each of `count` objects has something. The kernel counts objects
/// by pages, which for some processors is not exact.
fn grown(before: &Caches, after: &Caches, count: u32) -> String {
    let grown = after.iter().filter_map(|(name, after)| {
        let had = before.get(name).map_or(0, |cache| cache.objects);
        let each = after.objects.saturating_sub(had) as f64 / f64::from(count);
        (each >= 0.9).then(|| format!("{} {name} {}", each.round(), after.size))
    });
    grown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use addrconf_test_sys::slab::Cache;

    #[test]
    fn caches_that_grow_by_an_object_each_are_named_with_its_size() {
        let caches = |a, b| {
            let cache = |objects, size| Cache { objects, size };
            Caches::from([("a".into(), cache(a, 16)), ("b".into(), cache(b, 64))])
        };
        let before = caches(10, 10);
        assert_eq!(grown(&before, &caches(110, 15), 100), "1 a 16");
        assert_eq!(grown(&before, &caches(111, 211), 100), "1 a 16, 2 b 64");
        assert_eq!(grown(&before, &before, 100), "");
    }

    #[test]
    fn addresses_of_sets_differ_and_are_not_neighbours() {
        let mut all: Vec<_> = [set(0, 3), set(1, 3)].concat();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert_eq!(all[3], AddrEntry::host([11, 0, 0, 6].into()));
    }
}
