// SPDX-License-Identifier: GPL-2.0

//! Very many associations at once, two times.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use addrconf_abi::Target;

use crate::child::{spawn_tenant, Child};
use crate::device::{entry, fact, open, wait_until_empty};
use crate::memory::Memory;
use crate::sys::process::{ignore_children, kill, wait};
use crate::sys::vfork::Sleepers;
use crate::wait::eventually;
use crate::world::{HOST, TENANTS};

/// How many associations are described one by one.
const SAMPLE: usize = 100;

pub fn run(count: u64) -> Vec<String> {
    for limit in ["pid_max", "threads-max"] {
        let path = format!("/proc/sys/kernel/{limit}");
        std::fs::write(path, "4194303").expect(limit);
    }
    // The first time, the kernel's tables grow to what this many processes need,
    // and stay that large. Memory that is lost shows the second time.
    let start = Memory::settled();
    let mut lines = many(count);
    let before = Memory::settled();
    lines.push("after the first time:".to_owned());
    lines.extend(start.difference(&before));
    lines.extend(many(count));
    lines.push("after the second time:".to_owned());
    lines.extend(before.is_back());
    lines
}

/// Measures how long each step takes.
struct Clock(Instant, Vec<String>);

impl Clock {
    fn lap(&mut self, what: &str) {
        let seconds = self.0.elapsed().as_secs_f64();
        self.1.push(format!("{what}: {seconds:.2} s"));
        self.0 = Instant::now();
    }
}

/// Makes associations of one process each, uses them and ends them.
fn many(count: u64) -> Vec<String> {
    // In a process of its own, which frees its memory when it exits.
    let (mut ours, mut theirs) = UnixStream::pair().expect("socketpair");
    let holder = Child::leading(|| {
        let lines = in_holder(count).join("\n");
        theirs.write_all(lines.as_bytes()).expect("the report");
    });
    drop(theirs);
    let mut report = String::new();
    ours.read_to_string(&mut report).expect("the report");
    holder.succeeded();
    wait_until_empty();
    report.lines().map(str::to_owned).collect()
}

fn in_holder(count: u64) -> Vec<String> {
    ignore_children(true);
    let kb = || Memory::now().unreclaimable_kb();
    let mut clock = Clock(Instant::now(), Vec::new());
    let mut sleepers = Sleepers::new(count as usize).expect("stacks");
    let pids: Vec<i32> = (0..count)
        .map(|_| sleepers.spawn().expect("clone"))
        .collect();
    clock.lap(&format!("{count} processes"));

    let device = open();
    let (before_kb, mut ids) = (kb(), Vec::new());
    for (n, pid) in pids.iter().enumerate() {
        let address = Ipv4Addr::from(0x0b00_0000 + n as u32);
        ids.push(
            device
                .assign(Target::Pid(*pid), &[entry(address)], "")
                .expect("assign"),
        );
    }
    clock.lap(&format!("{count} associations"));
    let grown = kb().saturating_sub(before_kb) * 1024 / count;
    clock
        .1
        .push(format!("kernel memory: {grown} bytes for each"));

    clock.0 = Instant::now();
    assert_eq!(device.ids().expect("list"), ids);
    clock.lap("listing all ids");
    assert_eq!((fact("associations"), fact("tasks")), (count, count));
    let step = (pids.len() / SAMPLE).max(1);
    for (pid, id) in pids.iter().zip(&ids).step_by(step) {
        for target in [Target::Association(*id), Target::Pid(*pid)] {
            let found = device.query(target).expect("query");
            assert_eq!((found.id, found.tasks, found.pids), (*id, 1, vec![*pid]));
        }
        let text = std::fs::read_to_string(format!("/sys/kernel/addrconf/by-id/{id}"));
        assert!(!text.expect("the file in sysfs").is_empty());
    }
    clock.lap(&format!(
        "describing {SAMPLE} by id, by process and in sysfs"
    ));
    at_work(&mut clock);

    let released = device.release(Target::All).expect("flush");
    assert_eq!(released, count);
    clock.lap("ending all");
    eventually("an empty list", || device.ids().expect("list").is_empty());
    clock.lap("until all were gone");
    assert_eq!(fact("tasks"), 0);
    for pid in &pids {
        kill(*pid, libc::SIGKILL).expect("kill");
    }
    while wait(-1, false).is_ok() {}
    clock.lap("ending the processes");
    clock.1
}

/// A tenant works among all these associations.
fn at_work(clock: &mut Clock) {
    let binds = 1000;
    // The exit status of this child is needed. The others only sleep.
    ignore_children(false);
    let (tenant, id) = spawn_tenant(TENANTS[0], || {
        for _ in 0..binds {
            UdpSocket::bind((TENANTS[0], 0)).expect("bind");
            let foreign = UdpSocket::bind((HOST, 0)).expect_err("foreign");
            assert_eq!(foreign.kind(), ErrorKind::AddrNotAvailable);
        }
    });
    tenant.succeeded();
    ignore_children(true);
    let device = open();
    eventually("the end of the tenant's association", || {
        device.query(Target::Association(id)).is_err()
    });
    clock.lap(&format!("a tenant that binds {binds} times"));
}
