// SPDX-License-Identifier: GPL-2.0

//! A machine: what its tasks and processors share, and what each has for itself.

use std::collections::VecDeque;
use std::iter;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

use crate::association::{Association, Ref};
use crate::fork::SEARCHED;
use crate::gate::{Calls, Sock, SockBlob, TaskBlob};
use crate::meter::Meter;
use crate::set::Set;
use crate::table::{Place, Table};
use crate::word::{Aligned, Word};

/// How large a machine is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Associations.
    pub tenants: usize,
    /// Addresses of each.
    pub addrs: u32,
    /// Threads that use it.
    pub cpus: usize,
}

/// Freed tasks of a processor that may wait for the end of a grace period.
pub const WAITING: usize = 64;

/// Everything that is shared.
#[derive(Debug)]
pub struct Machine<M> {
    /// `TENANTS`, the pointer to the module's state.
    pub(crate) published: Aligned<Word<M>>,
    /// The gate's pointer to the module's callbacks, and its counters of readers.
    pub(crate) calls: Calls<M>,
    pub(crate) table: Table<M>,
    pub(crate) associations: Vec<Association<M>>,
    pub(crate) sets: Vec<Set<M>>,
    /// The security blobs of tasks: the slab puts four into a line.
    pub(crate) blobs: Vec<Aligned<[TaskBlob<M>; 4]>>,
    /// Sockets, and their security blobs.
    pub(crate) socks: Vec<Sock<M>>,
    pub(crate) sock_blobs: Vec<Aligned<[SockBlob<M>; 4]>>,
}

/// What a processor has for itself.
#[derive(Debug)]
pub struct Cpu {
    /// Its number.
    pub number: usize,
    /// Tasks that are free.
    pub(crate) free: Vec<Place>,
    /// Freed tasks, until a grace period is over.
    pub(crate) waiting: VecDeque<Place>,
}

/// The address with this number of any association.
pub fn addr(number: u32) -> u32 {
    0x0a00_0000 + 2 * number
}

impl<M: Meter> Machine<M> {
    /// A machine on which each processor runs a task of each tenant, with a socket, and the
    /// processors.
    pub fn new(size: Size) -> (Self, Vec<Cpu>) {
        let Size {
            tenants,
            addrs,
            cpus,
        } = size;
        // The four blobs of a line are one processor's, as those are that a slab gives out in
        // a row.
        let each = (WAITING + tenants + 4).next_multiple_of(4);
        let socks = (2 * tenants).next_multiple_of(4) * cpus;
        let room = each * cpus;
        let machine = Self {
            published: Aligned(Word::new(1)),
            calls: Calls::new(cpus),
            table: Table::new(room),
            associations: (0..tenants)
                .map(|n| Association::new(n + 1, 2 * n))
                .collect(),
            // The second of each is for updates.
            sets: (0..2 * tenants)
                .map(|_| Set::new((0..addrs).map(addr)))
                .collect(),
            blobs: (0..room / 4).map(|_| Aligned::default()).collect(),
            socks: (0..socks).map(|_| Sock::default()).collect(),
            sock_blobs: (0..socks / 4).map(|_| Aligned::default()).collect(),
        };
        let mut all = Vec::new();
        for number in 0..cpus {
            let places = number * each..(number + 1) * each;
            let cpu = Cpu {
                number,
                free: places.clone().skip(tenants).map(Place::of).collect(),
                waiting: VecDeque::new(),
            };
            for (tenant, place) in iter::zip(0..tenants, places) {
                machine.begin(Place::of(place), tenant);
                let sock = machine.own_sock(&cpu, tenant);
                let association = Ref::new(machine.association(tenant), tenant);
                association.get().add_socket();
                machine.fill(sock, association);
            }
            all.push(cpu);
        }
        (machine, all)
    }

    /// The task of a tenant that runs on a processor.
    pub fn own_task(&self, cpu: &Cpu, tenant: usize) -> Place {
        let each = self.table.entries().len() / self.calls.cpus();
        Place::of(cpu.number * each + tenant)
    }

    /// A socket of that task.
    pub fn own_sock(&self, cpu: &Cpu, tenant: usize) -> usize {
        let each = self.socks.len() / self.calls.cpus();
        cpu.number * each + tenant
    }

    /// A socket that the task makes and closes.
    pub fn other_sock(&self, cpu: &Cpu, tenant: usize) -> usize {
        self.own_sock(cpu, tenant) + self.associations.len()
    }

    /// The key of a task: the address of its `task_struct`.
    #[inline]
    pub(crate) fn key(place: Place) -> usize {
        0x8000_0000 + place.number() * 2560
    }

    #[inline]
    pub(crate) fn blob(&self, task: Place) -> &TaskBlob<M> {
        &self.blobs[task.number() / 4].0[task.number() % 4]
    }

    #[inline]
    pub(crate) fn sock_blob(&self, sock: usize) -> &SockBlob<M> {
        &self.sock_blobs[sock / 4].0[sock % 4]
    }

    /// The association with this number.
    #[inline]
    pub fn association(&self, number: usize) -> &Association<M> {
        &self.associations[number]
    }

    /// The present set of an association.
    #[inline]
    pub(crate) fn set_of(&self, association: &Association<M>) -> &Set<M> {
        &self.sets[association.present_set()]
    }

    /// `table::get()`: whether the module has state.
    #[inline]
    pub(crate) fn is_up(&self) -> bool {
        self.published.0.load(Acquire) != 0
    }

    /// How many tasks are members.
    pub fn tasks(&self) -> usize {
        self.table.count()
    }

    /// A hook of the module runs: [`Calls::ask`].
    #[inline]
    pub fn ask<T>(&self, cpu: &Cpu, callback: impl FnOnce() -> T) -> T {
        self.calls.ask(cpu, callback)
    }

    /// Puts the other set of an association in place: `Association::replace_set()`.
    #[inline]
    pub fn update(&self, tenant: usize) {
        let association = self.association(tenant);
        association.replace_set(association.present_set() ^ 1);
    }

    /// Makes a task a member, as `assign` does.
    fn begin(&self, task: Place, tenant: usize) {
        let association = Ref::new(self.association(tenant), tenant);
        association.get().add_task();
        self.blob(task).tagged.store(1, Relaxed);
        self.put(task, association, SEARCHED);
    }
}
