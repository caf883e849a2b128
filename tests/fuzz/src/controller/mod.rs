// SPDX-License-Identifier: GPL-2.0

//! Starts, updates and ends tenants at random, until time is up.

mod end;
mod enter;
mod flush;
mod moving;
mod questions;
pub mod timed;
mod update;
mod users;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use addrconf_abi::{AddrEntry, HostLoopback, Target, Terms};
use addrconf_test_client::Assignment;

use crate::control::Device;
use crate::message::grace;
use crate::ops;
use crate::oracle::sockets::{state_of, Listeners};
use crate::pool;
use crate::print::print;
use crate::rng::Rng;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::tenant::group;
use crate::world::{Action, Counter, Tenant, World, SLOTS};

use timed::{ASSIGN_LIMIT, LIMIT};

/// One in this many actions is a flush.
const FLUSH: usize = 60;

/// Milliseconds for which the module tries to look through a process. On a busy
/// machine a process may get no processor for that long while it holds the lock of
/// its memory.
const PATIENCE: u64 = 10_000;

/// A running tenant.
struct Running {
    tenant: Tenant,
    first: Child,
    association: u64,
    /// Another one with the same set, into which some of its processes were moved.
    twin: Option<u64>,
    /// The terms of both.
    terms: Terms,
    /// When the controller ends it.
    end: u64,
}

/// The controller.
pub struct Controller {
    world: World,
    rng: Rng,
    device: Option<Device>,
    unbound: bool,
    slots: [Option<Running>; SLOTS],
    next: Tenant,
    /// For the watchers: the running tenants.
    pub tenants: Arc<Mutex<Vec<Tenant>>>,
    /// For the watchers: the inodes of sockets that tenants had before they were
    /// associated, and of the host's services.
    pub before: Arc<Mutex<HashSet<u64>>>,
    /// For the watchers: where tenants listened before they were associated.
    pub listeners: Arc<Mutex<Listeners>>,
}

impl Controller {
    /// `unbound`, for the self-test: tenants are not associated. Those of one slot
    /// are, but with addresses that the watchers do not know of.
    pub fn new(world: World, unbound: bool) -> Self {
        Self {
            world,
            rng: Rng::new(world.seed()),
            device: Some(Device::open().expect("the control device")),
            unbound,
            slots: [const { None }; SLOTS],
            next: 1,
            tenants: Arc::default(),
            before: Arc::default(),
            listeners: Arc::default(),
        }
    }

    fn publish(&self) {
        let now: Vec<Tenant> = self.slots.iter().flatten().map(|r| r.tenant).collect();
        *self.tenants.lock().expect("a lock") = now;
    }

    /// Entries without an owner, at most `most`.
    fn free(&mut self, most: usize) -> Vec<usize> {
        let start = self.rng.below(pool::SIZE);
        let all = (0..pool::SIZE).map(|i| (start + i * 5) % pool::SIZE);
        all.filter(|&i| self.world.owner(i) == 0)
            .take(most)
            .collect()
    }

    fn start(&mut self, slot: usize) {
        // A tenant's number determines its slot.
        while self.next as usize % SLOTS != slot {
            self.next += 1;
        }
        let tenant = self.next;
        self.next += 1;
        self.world
            .live(slot)
            .store(0, std::sync::atomic::Ordering::Relaxed);
        self.world.note_action(Action::Start);
        let exclusive = self.rng.percent(40);
        let raw = self.rng.percent(30);
        self.world.enter_tenant(tenant, exclusive, raw);
        fs::create_dir(group(tenant)).expect("a control group");
        // It waits on wildcards before it is associated.
        self.world.set_early_until(u64::MAX);
        let program = Command::new("/proc/self/exe")
            .args(["tenant", &tenant.to_string()])
            .spawn();
        let first = program.expect("a tenant");
        while self.world.stage(tenant) == 0 {
            // The supervisor reports it if this takes too long.
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(self.rng.below(30) as u64));
        let most = 2 + self.rng.below(10);
        let set = self.free(most);
        if !self.unbound {
            set.iter().for_each(|&i| self.world.acquire(i, tenant));
        }
        let reset = self.rng.percent(30);
        let assignment = Assignment {
            terms: Terms {
                exclusive,
                allow_raw: raw,
                host_loopback: pool::reaches_resolver(tenant)
                    .then(|| HostLoopback::new(pool::RESOLVER, 32).expect("an address")),
                ..Terms::DEFAULT
            },
            tree: true,
            reset,
            proof: None,
        };
        let (inodes, listeners) = state_of(tenant);
        self.before.lock().expect("a lock").extend(inodes);
        self.listeners.lock().expect("a lock").extend(listeners);
        let mut association = 0;
        self.world.note_action(Action::Assign);
        let device = self.device.as_ref();
        if let Some(device) = device.filter(|_| !self.unbound || slot == 0) {
            let began = now();
            if reset {
                // This may reset the host's connection, which the process inherited.
                self.world.excuse_until(u64::MAX);
            }
            let assigned = self.in_time("assign", ASSIGN_LIMIT, || {
                device.assign(first.id() as i32, &entries(&set), assignment, tenant)
            });
            if reset {
                self.world.excuse_until(now() + grace(self.world));
            }
            match assigned {
                Ok(id) => {
                    association = id;
                    set.iter().for_each(|&i| self.world.settle(i));
                }
                Err(e) => {
                    let errno = errno(&e);
                    let took = (now() - began) / 1_000_000;
                    let facts = format_args!("assign failed after {took} ms: error {errno}");
                    // A released task may have corked a datagram on a socket of the
                    // host, which this tenant inherits.
                    let excused = began < self.world.free_until();
                    if errno == libc::EBUSY && (took >= PATIENCE || excused) {
                        print(&format!("note: tenant {tenant}: {facts}"));
                    } else {
                        self.world
                            .violation(Counter::OtherViolations, tenant, facts);
                    }
                    self.world.set_free_until(u64::MAX);
                    self.world.free(tenant);
                }
            }
        }
        self.world.set_early_until(now() + grace(self.world));
        self.world.count(Counter::Tenants);
        self.world.bind(tenant);
        self.world.set_stage(tenant, 3);
        let life = (5_000 + self.rng.below(30_000) as u64) * self.world.pace().min(3);
        self.slots[slot] = Some(Running {
            tenant,
            first,
            association,
            twin: None,
            terms: assignment.terms,
            end: now() + life * 1_000_000,
        });
        self.publish();
    }

    /// The other calls of an administrator: list, query, reading sysfs, and one that
    /// must fail.
    fn look(&mut self, slot: usize) {
        self.foretell(slot);
        self.list_sockets();
        self.count_traffic();
        let Some(device) = &self.device else {
            return;
        };
        self.world.note_action(Action::Look);
        let ids = self.in_time("list", LIMIT, || device.ids());
        for id in ids.unwrap_or_default() {
            let target = Target::Association(id);
            let _ = self.in_time("query", LIMIT, || device.query(target));
            // Opening is not timed: it waits for `kernfs_rwsem`, which others may
            // hold for long.
            if let Ok(file) = fs::File::open(format!("/sys/kernel/addrconf/by-id/{id}")) {
                let _ = self.in_time("reading of a file", LIMIT, || io::read_to_string(file));
            }
        }
        let (number, mut bytes) = ops::malformed(&mut self.rng);
        let result = self.in_time("malformed call", LIMIT, || device.raw(number, &mut bytes));
        if result.is_ok() {
            let facts =
                format_args!("ioctl {number:x} on an association that does not exist succeeded");
            self.world.violation(Counter::OtherViolations, 0, facts);
        }
    }

    /// Runs until this time, and then ends all tenants.
    pub fn run(&mut self, until: u64) {
        while now() < until {
            let slot = self.rng.below(SLOTS);
            match &self.slots[slot] {
                None => self.start(slot),
                Some(running) if running.end < now() => self.end(slot, false),
                Some(_) if self.rng.below(FLUSH) == 0 => self.flush(),
                Some(_) if self.rng.percent(10) => self.look(slot),
                Some(_) if self.rng.percent(6) => self.users(),
                Some(_) if self.unbound => {}
                Some(_) if self.rng.percent(20) => self.enter(slot),
                Some(_) if self.rng.percent(15) => self.move_some(slot),
                Some(_) => self.update(slot),
            }
            self.world.note_action(Action::Wait);
            let pause = 50 + self.rng.below(400) as u64;
            std::thread::sleep(Duration::from_millis(pause));
            end::reap_all(&mut self.slots);
        }
        for slot in 0..SLOTS {
            self.end(slot, false);
        }
    }

    /// Closes the device, so that the module can be unloaded.
    pub fn close(&mut self) {
        self.device = None;
    }
}

fn entries(indices: &[usize]) -> Vec<AddrEntry> {
    indices.iter().map(|&i| pool::entry(i)).collect()
}
