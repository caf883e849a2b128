// SPDX-License-Identifier: GPL-2.0

//! What all processes of the fuzzer share: who owns which address since when,
//! which tenants there are, and the numbers. Only the controller writes the
//! first two.

mod action;
mod numbers;
mod owners;
mod tenants;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::pool;
use crate::sys::process::{map_shared, now, shared_memory};

pub use action::Action;
pub use numbers::Counter;

/// The descriptor of the shared memory, in every process.
pub const DESCRIPTOR: i32 = 100;
/// Tenants at a time.
pub const SLOTS: usize = 4;

const INTERVALS: usize = 64;
/// Cells of an interval.
const FIELDS: usize = 6;
const TENANTS: usize = 256;
const PIDS: usize = 64;
const COUNTERS: usize = 32;
const ERRORS: usize = 140;

const AT_SETTINGS: usize = 0;
const AT_ACTION: usize = AT_SETTINGS + 19;
const AT_COUNTERS: usize = AT_ACTION + action::CELLS;
const AT_ERRORS: usize = AT_COUNTERS + COUNTERS;
const AT_TENANTS: usize = AT_ERRORS + ERRORS;
const AT_PIDS: usize = AT_TENANTS + TENANTS * tenants::CELLS;
const AT_OWNERS: usize = AT_PIDS + PIDS;
const CELLS: usize = AT_OWNERS + pool::SIZE * (1 + INTERVALS * FIELDS);

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

    /// One of this process only, for a test.
    #[cfg(test)]
    fn private() -> Self {
        let cells: Vec<AtomicU64> = (0..CELLS).map(|_| AtomicU64::new(0)).collect();
        Self(Box::leak(cells.into_boxed_slice()))
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

    /// How many times as long as on an ordinary kernel things may take.
    pub fn pace(&self) -> u64 {
        self.get(AT_SETTINGS + 4).max(1)
    }

    /// Sets that.
    pub fn set_pace(&self, pace: u64) {
        self.set(AT_SETTINGS + 4, pace);
    }

    /// Until when services of the host may fail: something was done that may end
    /// them, and is no tenant's doing.
    pub fn excused_until(&self) -> u64 {
        self.get(AT_SETTINGS + 5)
    }

    /// Sets that.
    pub fn excuse_until(&self, time: u64) {
        self.set(AT_SETTINGS + 5, time);
    }

    /// How often the services of the host were made anew.
    pub fn generation(&self) -> u64 {
        self.get(AT_SETTINGS + 6)
    }

    /// They are made anew now.
    pub fn next_generation(&self) {
        self.set(AT_SETTINGS + 6, self.generation() + 1);
    }

    /// Has them be made anew.
    pub fn end_generation(&self) {
        self.set(AT_SETTINGS + 7, self.generation() + 1);
    }

    /// Whether they are to be.
    pub fn generation_is_over(&self) -> bool {
        self.get(AT_SETTINGS + 7) > self.generation()
    }

    /// Since when the controller is in a control call; 0 when it is in none.
    pub fn in_call_since(&self) -> u64 {
        self.get(AT_SETTINGS + 16)
    }

    /// Sets that.
    pub fn note_call(&self, since: u64) {
        self.set(AT_SETTINGS + 16, since);
        if since != 0 {
            self.set(AT_SETTINGS + 17, 0);
        }
    }

    /// An ordinary thread was to run when it was `due`, and ran now. It wants to run
    /// again at `next`.
    pub fn note_run(&self, due: u64, next: u64) {
        let late = now().saturating_sub(due);
        self.0[AT_SETTINGS + 17].fetch_max(late, Ordering::SeqCst);
        self.set(AT_SETTINGS + 18, next);
    }

    /// How late it was at most since the last control call began.
    pub fn lateness(&self) -> u64 {
        let late = now().saturating_sub(self.get(AT_SETTINGS + 18));
        late.max(self.get(AT_SETTINGS + 17))
    }

    /// Whether a tenant may have a crowd of threads for so many nanoseconds: none has
    /// one. Then it is taken down.
    pub fn may_crowd(&self, nanoseconds: u64) -> bool {
        let cell = &self.0[AT_SETTINGS + 12];
        let (until, time, order) = (cell.load(Ordering::SeqCst), now(), Ordering::SeqCst);
        until < time
            && cell
                .compare_exchange(until, time + nanoseconds, order, order)
                .is_ok()
    }

    /// How many processes the tenant in a slot has, roughly.
    pub fn live(&self, slot: usize) -> &'static AtomicU64 {
        &self.0[AT_SETTINGS + 8 + slot % SLOTS]
    }
}
