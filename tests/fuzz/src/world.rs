// SPDX-License-Identifier: GPL-2.0

//! What all processes of the fuzzer share: who owns which address since when,
//! which tenants there are, and the numbers. Only the controller writes the
//! first two.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::pool;
use crate::sys::process::{map_shared, now, print, shared_memory};

/// The descriptor of the shared memory, in every process.
pub const DESCRIPTOR: i32 = 100;
/// Tenants at a time.
pub const SLOTS: usize = 4;

const INTERVALS: usize = 24;
const TENANTS: usize = 256;
const PIDS: usize = 64;
const COUNTERS: usize = 32;
const ERRORS: usize = 140;

const AT_SETTINGS: usize = 0;
const AT_COUNTERS: usize = AT_SETTINGS + 16;
const AT_ERRORS: usize = AT_COUNTERS + COUNTERS;
const AT_TENANTS: usize = AT_ERRORS + ERRORS;
const AT_PIDS: usize = AT_TENANTS + TENANTS * 4;
const AT_OWNERS: usize = AT_PIDS + PIDS;
const CELLS: usize = AT_OWNERS + pool::SIZE * (1 + INTERVALS * 3);

/// Numbers that are printed.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Counter {
    /// Operations of tenants.
    Operations,
    /// Those that failed.
    Refusals,
    /// Messages that a tenant received and checked.
    Messages,
    /// Those of them that were probes.
    Probes,
    /// Probes sent.
    ProbesSent,
    /// Packets of tenants that were checked.
    Packets,
    /// Sockets of tenants that were checked.
    Sockets,
    /// Processes whose membership was checked.
    Members,
    /// Updates of sets.
    Updates,
    /// Tenants started.
    Tenants,
    /// Processes made by tenants.
    Forks,
    /// Violations.
    Violations,
    /// Violations by packets.
    PacketViolations,
    /// Violations by messages received.
    MessageViolations,
    /// Violations by sockets.
    SocketViolations,
    /// Other violations.
    OtherViolations,
}

/// What the controller does.
#[derive(Clone, Copy)]
#[repr(u64)]
pub enum Action {
    /// Nothing.
    Wait,
    /// Starts a tenant's first process.
    Start,
    /// Associates it.
    Assign,
    /// Changes a set.
    Update,
    /// Reads all there is to read.
    Look,
    /// Releases a tenant.
    Release,
    /// Kills a tenant.
    Kill,
}

/// A tenant: no number is used twice. 0 is the host.
pub type Tenant = u32;

/// The shared memory.
#[derive(Clone, Copy)]
pub struct World(&'static [AtomicU64]);

impl World {
    /// Makes it, once.
    pub fn create(seed: u64) -> Self {
        shared_memory(DESCRIPTOR, CELLS).expect("shared memory");
        let world = Self::open();
        world.set(AT_SETTINGS, seed);
        world
    }

    /// Opens it, in a process that inherited it.
    pub fn open() -> Self {
        Self(map_shared(DESCRIPTOR, CELLS).expect("the shared memory"))
    }

    fn get(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::SeqCst)
    }

    fn set(&self, at: usize, value: u64) {
        self.0[at].store(value, Ordering::SeqCst);
    }

    /// The seed of everything.
    pub fn seed(&self) -> u64 {
        self.get(AT_SETTINGS)
    }

    /// Has all processes end.
    pub fn stop(&self) {
        self.set(AT_SETTINGS + 1, 1);
    }

    /// Whether they are to end.
    pub fn stopped(&self) -> bool {
        self.get(AT_SETTINGS + 1) != 0
    }

    /// Operations that are left out, a bit each.
    pub fn skipped(&self) -> u64 {
        self.get(AT_SETTINGS + 2)
    }

    /// Leaves operations out.
    pub fn skip(&self, which: u64) {
        self.set(AT_SETTINGS + 2, which);
    }

    /// Until when unassociated processes of released tenants may send anything.
    pub fn free_until(&self) -> u64 {
        self.get(AT_SETTINGS + 3)
    }

    /// Sets that.
    pub fn set_free_until(&self, time: u64) {
        self.set(AT_SETTINGS + 3, time);
    }

    /// Notes what the controller is about to do, for the report of progress.
    pub fn note_action(&self, action: Action) {
        self.set(AT_SETTINGS + 4, action as u64);
        self.set(AT_SETTINGS + 5, now());
    }

    /// What that was, and since when.
    pub fn action(&self) -> (&'static str, u64) {
        let names = [
            "waiting",
            "starting",
            "assigning",
            "updating",
            "looking",
            "releasing",
            "killing",
        ];
        let nr = self.get(AT_SETTINGS + 4) as usize;
        (names[nr.min(names.len() - 1)], self.get(AT_SETTINGS + 5))
    }

    /// How many processes the tenant in a slot has, roughly.
    pub fn live(&self, slot: usize) -> &'static AtomicU64 {
        &self.0[AT_SETTINGS + 8 + slot % SLOTS]
    }

    /// Adds to a number.
    pub fn count(&self, counter: Counter) {
        self.0[AT_COUNTERS + counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A number.
    pub fn counted(&self, counter: Counter) -> u64 {
        self.get(AT_COUNTERS + counter as usize)
    }

    /// Counts an error.
    pub fn count_error(&self, errno: i32) {
        self.count(Counter::Refusals);
        let at = (errno.max(0) as usize).min(ERRORS - 1);
        self.0[AT_ERRORS + at].fetch_add(1, Ordering::Relaxed);
    }

    /// The errors and how often there were.
    pub fn errors(&self) -> Vec<(usize, u64)> {
        let counts = (0..ERRORS).map(|e| (e, self.get(AT_ERRORS + e)));
        counts.filter(|&(_, n)| n > 0).collect()
    }

    /// Reports what must not be.
    pub fn violation(&self, kind: Counter, tenant: Tenant, facts: fmt::Arguments<'_>) {
        self.count(kind);
        self.count(Counter::Violations);
        if self.counted(Counter::Violations) <= 200 {
            let (seed, time) = (self.seed(), now() / 1_000_000);
            print(&format!(
                "VIOLATION seed {seed} at {time} ms, tenant {tenant}: {facts}"
            ));
        }
    }

    // --- tenants: number, state, exclusive, when it was released

    fn tenant_cell(&self, tenant: Tenant, which: usize) -> usize {
        AT_TENANTS + tenant as usize % TENANTS * 4 + which
    }

    /// Enters a tenant.
    pub fn enter_tenant(&self, tenant: Tenant, exclusive: bool) {
        self.set(self.tenant_cell(tenant, 1), 0);
        self.set(self.tenant_cell(tenant, 2), exclusive.into());
        self.set(self.tenant_cell(tenant, 3), 0);
        self.set(self.tenant_cell(tenant, 0), tenant.into());
    }

    fn is_known(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 0)) == u64::from(tenant)
    }

    /// How far its start is: 1 it runs, 2 it is associated, 3 it is at work.
    pub fn stage(&self, tenant: Tenant) -> u64 {
        self.get(self.tenant_cell(tenant, 1))
    }

    /// Sets that.
    pub fn set_stage(&self, tenant: Tenant, stage: u64) {
        self.set(self.tenant_cell(tenant, 1), stage);
    }

    /// Whether its addresses are exclusive.
    pub fn is_exclusive(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 2)) != 0
    }

    /// From now on nothing is forbidden to a tenant.
    pub fn free(&self, tenant: Tenant) {
        self.set(self.tenant_cell(tenant, 3), 1);
    }

    /// Whether there are rules for a tenant that can be checked.
    pub fn is_bound(&self, tenant: Tenant) -> bool {
        tenant != 0 && self.is_known(tenant) && self.get(self.tenant_cell(tenant, 3)) == 0
    }

    /// Notes a process of a tenant, for others to bother.
    pub fn note_pid(&self, pid: u32) {
        self.set(AT_PIDS + pid as usize % PIDS, pid.into());
    }

    /// Such a process, or 0.
    pub fn noted_pid(&self, nr: usize) -> i32 {
        self.get(AT_PIDS + nr % PIDS) as i32
    }

    // --- owners: of each entry a count, then intervals (tenant, from, until)

    fn interval(&self, index: usize, nr: usize) -> usize {
        AT_OWNERS + index * (1 + INTERVALS * 3) + 1 + nr % INTERVALS * 3
    }

    fn changes(&self, index: usize) -> usize {
        self.get(AT_OWNERS + index * (1 + INTERVALS * 3)) as usize
    }

    /// A tenant gets an entry that is nobody's. To be called before.
    pub fn acquire(&self, index: usize, tenant: Tenant) {
        let nr = self.changes(index);
        let at = self.interval(index, nr);
        self.set(at, 0);
        self.set(at + 1, now());
        self.set(at + 2, u64::MAX);
        self.set(at, tenant.into());
        self.set(AT_OWNERS + index * (1 + INTERVALS * 3), nr as u64 + 1);
    }

    /// It is nobody's again. To be called after.
    pub fn lose(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 2, now());
        }
    }

    /// Who has an entry now; 0 for nobody.
    pub fn owner(&self, index: usize) -> Tenant {
        let Some(nr) = self.changes(index).checked_sub(1) else {
            return 0;
        };
        let at = self.interval(index, nr);
        if self.get(at + 2) == u64::MAX {
            self.get(at) as Tenant
        } else {
            0
        }
    }

    /// Whether a tenant had an entry at any time between two.
    pub fn had(&self, index: usize, tenant: Tenant, from: u64, until: u64) -> bool {
        let changes = self.changes(index);
        let known = changes.min(INTERVALS);
        (changes - known..changes).any(|nr| {
            let at = self.interval(index, nr);
            self.get(at) == u64::from(tenant)
                && self.get(at + 1) <= until
                && self.get(at + 2) >= from
        }) || (changes > INTERVALS
            && from < self.get(self.interval(index, changes - INTERVALS) + 1))
    }

    /// Whether it ever had it.
    pub fn ever_had(&self, index: usize, tenant: Tenant) -> bool {
        self.had(index, tenant, 1, u64::MAX)
    }

    /// Whether a tenant has had an entry for this long.
    pub fn has_for(&self, index: usize, tenant: Tenant, nanoseconds: u64) -> bool {
        let Some(nr) = self.changes(index).checked_sub(1) else {
            return false;
        };
        let since = self.get(self.interval(index, nr) + 1);
        self.owner(index) == tenant && since + nanoseconds < now()
    }

    /// The entries a tenant has now.
    pub fn entries_of(&self, tenant: Tenant) -> Vec<usize> {
        (0..pool::SIZE)
            .filter(|&i| self.owner(i) == tenant)
            .collect()
    }
}
