// SPDX-License-Identifier: GPL-2.0

//! The memory that all processes of the fuzzer share: the owners of each entry and
//! their times, the tenants, and the numbers. Only the controller writes owners and
//! tenants.

mod action;
mod numbers;
mod owners;
mod tenants;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::pool;
use crate::sys::clock::now;
use crate::sys::memory::{make_cells, map_cells};

pub use action::Action;
pub use numbers::Counter;

/// The descriptor of the shared memory, in every process.
pub const DESCRIPTOR: i32 = 100;
/// How many tenants run at a time.
pub const SLOTS: usize = 4;

const INTERVALS: usize = 64;
/// Cells of an interval.
const FIELDS: usize = 6;
const TENANTS: usize = 256;
const PIDS: usize = 64;
const COUNTERS: usize = Counter::Longest as usize + 1;
const ERRORS: usize = 140;

const AT_SETTINGS: usize = 0;
const AT_ACTION: usize = AT_SETTINGS + 20;
const AT_COUNTERS: usize = AT_ACTION + action::CELLS;
const AT_ERRORS: usize = AT_COUNTERS + COUNTERS;
const AT_TENANTS: usize = AT_ERRORS + ERRORS;
const AT_PIDS: usize = AT_TENANTS + TENANTS * tenants::CELLS;
const AT_OWNERS: usize = AT_PIDS + PIDS;
const CELLS: usize = AT_OWNERS + pool::SIZE * (1 + INTERVALS * FIELDS);

/// The number of a tenant, never used twice. 0 is the host.
pub type Tenant = u32;

/// The shared memory.
#[derive(Clone, Copy)]
pub struct World(&'static [AtomicU64]);

impl World {
    /// Creates it, once per run.
    pub fn create(seed: u64) -> Self {
        make_cells(DESCRIPTOR, CELLS).expect("shared memory");
        let world = Self::open();
        world.set(AT_SETTINGS, seed);
        world
    }

    /// Maps it, in a process that inherited the descriptor.
    pub fn open() -> Self {
        Self(map_cells(DESCRIPTOR, CELLS).expect("the shared memory"))
    }

    /// A world of this process only, for a test.
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

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.get(AT_SETTINGS)
    }

    /// Tells all processes to end.
    pub fn stop(&self) {
        self.set(AT_SETTINGS + 1, 1);
    }

    /// Whether all processes are to end.
    pub fn stopped(&self) -> bool {
        self.get(AT_SETTINGS + 1) != 0
    }

    /// The operations to leave out, one bit each.
    pub fn skipped(&self) -> u64 {
        self.get(AT_SETTINGS + 2)
    }

    /// Sets the operations to leave out.
    pub fn skip(&self, which: u64) {
        self.set(AT_SETTINGS + 2, which);
    }

    /// Until when processes of released tenants may exist, which may send anything.
    pub fn free_until(&self) -> u64 {
        self.get(AT_SETTINGS + 3)
    }

    /// Sets [`free_until`](Self::free_until).
    pub fn set_free_until(&self, time: u64) {
        self.set(AT_SETTINGS + 3, time);
    }

    /// Until when processes of a tenant that starts may answer connections as the host does.
    pub fn early_until(&self) -> u64 {
        self.get(AT_SETTINGS + 19)
    }

    /// Sets [`early_until`](Self::early_until).
    pub fn set_early_until(&self, time: u64) {
        self.set(AT_SETTINGS + 19, time);
    }

    /// The factor by which limits of time are longer than on an ordinary kernel.
    pub fn pace(&self) -> u64 {
        self.get(AT_SETTINGS + 4).max(1)
    }

    /// Sets the pace.
    pub fn set_pace(&self, pace: u64) {
        self.set(AT_SETTINGS + 4, pace);
    }

    /// Until when services of the host may fail, because the controller did something
    /// that may end them.
    pub fn excused_until(&self) -> u64 {
        self.get(AT_SETTINGS + 5)
    }

    /// Sets [`excused_until`](Self::excused_until).
    pub fn excuse_until(&self, time: u64) {
        self.set(AT_SETTINGS + 5, time);
    }

    /// How many times the services of the host were made again.
    pub fn generation(&self) -> u64 {
        self.get(AT_SETTINGS + 6)
    }

    /// Counts that they are being made again.
    pub fn next_generation(&self) {
        self.set(AT_SETTINGS + 6, self.generation() + 1);
    }

    /// Asks the server to make them again.
    pub fn end_generation(&self) {
        self.set(AT_SETTINGS + 7, self.generation() + 1);
    }

    /// Whether the server was asked to make them again.
    pub fn generation_is_over(&self) -> bool {
        self.get(AT_SETTINGS + 7) > self.generation()
    }

    /// Since when the controller has been in a control call; 0 if it is in none.
    pub fn in_call_since(&self) -> u64 {
        self.get(AT_SETTINGS + 16)
    }

    /// Notes that a control call begins at `since`, or, with 0, that it has ended.
    pub fn note_call(&self, since: u64) {
        self.set(AT_SETTINGS + 16, since);
        if since != 0 {
            self.set(AT_SETTINGS + 17, 0);
        }
    }

    /// Notes that an ordinary thread, which was to run at `due`, runs now. It is to run
    /// again at `next`.
    pub fn note_run(&self, due: u64, next: u64) {
        let late = now().saturating_sub(due);
        self.0[AT_SETTINGS + 17].fetch_max(late, Ordering::SeqCst);
        self.set(AT_SETTINGS + 18, next);
    }

    /// The longest delay of that thread since the last control call began, in
    /// nanoseconds.
    pub fn lateness(&self) -> u64 {
        let late = now().saturating_sub(self.get(AT_SETTINGS + 18));
        late.max(self.get(AT_SETTINGS + 17))
    }

    /// Whether a tenant may make a crowd of threads for this time, because there is
    /// none. If so, reserves the time.
    pub fn may_crowd(&self, nanoseconds: u64) -> bool {
        self.reserve(AT_SETTINGS + 12, nanoseconds)
    }

    /// The same for a crowd of sockets on a port.
    pub fn may_crowd_a_port(&self, nanoseconds: u64) -> bool {
        self.reserve(AT_SETTINGS + 13, nanoseconds)
    }

    fn reserve(&self, at: usize, nanoseconds: u64) -> bool {
        let cell = &self.0[at];
        let (until, time, order) = (cell.load(Ordering::SeqCst), now(), Ordering::SeqCst);
        until < time
            && cell
                .compare_exchange(until, time + nanoseconds, order, order)
                .is_ok()
    }

    /// Roughly how many processes the tenant in a slot has.
    pub fn live(&self, slot: usize) -> &'static AtomicU64 {
        &self.0[AT_SETTINGS + 8 + slot % SLOTS]
    }
}
