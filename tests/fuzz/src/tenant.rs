// SPDX-License-Identifier: GPL-2.0

//! The processes of a tenant. The first one drops capabilities, forks until it is
//! associated, and then starts the workers.

use std::fs::write;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use crate::ops::{open_before, release_oneself, wait_before, Actor};
use crate::print::print;
use crate::rng::Rng;
use crate::socket;
use crate::sys::capability::drop_capabilities;
use crate::sys::interruptions::interrupt_regularly;
use crate::sys::process::{exit_unflushed, fork, ignore_children};
use crate::sys::schedule::be_nice;
use crate::world::{Counter, Tenant, World, DESCRIPTOR};

/// The capabilities that tenants drop: CAP_NET_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO,
/// CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_PERFMON, CAP_BPF, and those that
/// could stop the machine or reach the control groups: CAP_SYS_TIME, CAP_MKNOD,
/// CAP_DAC_READ_SEARCH.
const WITHOUT: [u32; 11] = [12, 16, 17, 19, 21, 22, 38, 39, 25, 27, 2];

/// How many processes act for as long as the tenant lives.
const WORKERS: usize = 3;

/// The control group of a tenant. It identifies a tenant's processes without asking
/// the module.
pub fn group(tenant: Tenant) -> String {
    format!("/sys/fs/cgroup/fuzz-{tenant}")
}

/// The control group of processes that become a tenant's by a rule when they execute a program.
pub fn entry_group(tenant: Tenant) -> String {
    format!("/sys/fs/cgroup/fuzz-in-{tenant}")
}

/// Executes a program in that control group, to become a process of the tenant.
pub fn enter(tenant: Tenant, seed: &str) {
    let own = std::process::id().to_string();
    // The tenant may have ended.
    if write(entry_group(tenant) + "/cgroup.procs", own).is_err() {
        return;
    }
    drop_capabilities(&WITHOUT).expect("dropping capabilities");
    be_nice();
    let mut program = Command::new("/proc/self/exe");
    program.args(["entered", &tenant.to_string(), seed]);
    // The tenant may end at this moment.
    let error = program.exec();
    print(&format!("note: entering tenant {tenant}: {error}"));
}

/// The life of a process that became a tenant's so.
pub fn entered(tenant: Tenant, seed: u64) {
    let own = std::process::id().to_string();
    // From now on the oracle takes it for one of the tenant's.
    if write(group(tenant) + "/cgroup.procs", own).is_ok() {
        World::open().count(Counter::Entered);
        work(tenant, seed, 0);
    }
}

/// The life of a tenant's first process.
pub fn live(tenant: Tenant) {
    let world = World::open();
    let own = std::process::id();
    write(group(tenant) + "/cgroup.procs", own.to_string()).expect("the control group");
    let mut rng = Rng::new(world.seed() ^ u64::from(tenant) << 20);
    if rng.percent(30) {
        release_oneself();
    }
    drop_capabilities(&WITHOUT).expect("dropping capabilities");
    ignore_children(true);
    be_nice();
    let mut actor = Actor::new(world, tenant, rng.next(), 0);
    open_before(&mut actor);
    wait_before(&mut actor);
    // Some are associated while they fork as fast as they can.
    let busy = rng.below(3);
    world.set_stage(tenant, 1);
    while world.stage(tenant) == 1 {
        for _ in 0..busy {
            if matches!(fork(), Ok(None)) {
                // So that the walk for descendants may meet a child or a grandchild
                // first.
                if rng.percent(50) {
                    let _ = fork();
                }
                std::thread::sleep(Duration::from_millis(rng.below(15) as u64));
                exit_unflushed(0);
            }
        }
        if busy == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    for nr in 0..WORKERS {
        if matches!(fork(), Ok(None)) {
            work(tenant, rng.next().wrapping_add(nr as u64), 0);
        }
    }
    world.note_pid(own);
    while !world.stopped() {
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The life of a worker, or of a process that one started. It has the sockets that
/// its parent had open.
pub fn work(tenant: Tenant, seed: u64, depth: usize) -> ! {
    let world = World::open();
    ignore_children(true);
    let _interruptions = interrupt_regularly(300);
    world.note_pid(std::process::id());
    let mut actor = Actor::new(world, tenant, seed, depth);
    actor.fds = (3..64)
        .filter(|&fd| fd != DESCRIPTOR && socket::is_socket(fd))
        .collect();
    let times = if depth == 0 { usize::MAX } else { 150 };
    actor.act(times);
    if depth > 0 {
        let live = world.live(tenant as usize % crate::world::SLOTS);
        live.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
    exit_unflushed(0)
}
