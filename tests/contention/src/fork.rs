// SPDX-License-Identifier: GPL-2.0

//! A task comes and goes: the steps of [`protocol::inherit`] and [`protocol::catch_up`], as
//! `src/table/fork.rs` and `src/table/membership.rs` make them, and the end of a task.

use std::convert::Infallible;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{fence, Ordering};

use addrconf_protocol::{self as protocol, Fork, HandOn};

use crate::association::Ref;
use crate::machine::{Cpu, Machine, WAITING};
use crate::meter::Meter;
use crate::roll;
use crate::table::Place;

/// In the state of an entry: the task holds no bypass.
pub(crate) const SEARCHED: usize = 1;

/// And, above it: the id of its process.
const PROCESS: usize = 2;

impl<M: Meter> Machine<M> {
    /// `security_task_alloc()` and `security_task_publish()`: the task `maker` makes another,
    /// which this returns.
    #[inline]
    pub fn fork(&self, cpu: &mut Cpu, maker: Place) -> Place {
        let child = cpu.free.pop().expect("a free task");
        self.blob(maker).tagged.load(Relaxed);
        self.blob(child).tagged.store(1, Relaxed);
        self.blob(child).member.store(0, Relaxed);
        let mut forking = Forking {
            machine: self,
            maker,
            child,
        };
        self.calls.ask(cpu, || {
            self.is_up();
            // Whether `assign` is still to search the maker.
            self.entry_of(maker).map(|entry| entry.state.load(Relaxed));
            let Ok(()) = protocol::inherit(&mut forking);
        });
        self.blob(maker).tagged.load(Relaxed);
        self.blob(child).tagged.store(1, Relaxed);
        self.calls.ask(cpu, || {
            self.is_up();
            let Ok(()) = protocol::catch_up(&mut forking);
        });
        child
    }

    /// `security_task_free()`: `Members::forget()`. The entry waits for a grace period.
    #[inline]
    pub fn free_task(&self, cpu: &mut Cpu, task: Place) {
        self.blob(task).tagged.load(Relaxed);
        self.calls.ask(cpu, || {
            self.is_up();
            self.forget(task);
        });
        cpu.waiting.push_back(task);
    }

    /// After a grace period, if as many wait as may: `RcuMap::free()`, which drops the
    /// membership.
    #[inline]
    pub fn reclaim(&self, cpu: &mut Cpu) {
        while cpu.waiting.len() >= WAITING {
            self.reclaim_one(cpu);
        }
    }

    /// Drops the membership that waits for longest.
    #[inline]
    pub fn reclaim_one(&self, cpu: &mut Cpu) {
        let Some(task) = cpu.waiting.pop_front() else {
            return;
        };
        let number = self.table.entry(task).user.load(Acquire);
        self.association(number).remove_task();
        cpu.free.push(task);
    }

    /// `RcuMap::remove()` and `free_later()`.
    #[inline]
    fn forget(&self, task: Place) {
        let Some(found) = self.table.find(Self::key(task)) else {
            return;
        };
        self.table.remove(found);
        let number = self.table.entry(found).user.load(Relaxed);
        roll::remove(&self.association(number).roll, &self.table, found);
        self.table.queue(found);
    }

    /// `Members::insert()`.
    #[inline]
    pub(crate) fn put(&self, task: Place, association: Ref<'_, M>, state: usize) {
        let number = association.leave();
        self.table.prepare(task, Self::key(task), number, state);
        roll::add(&self.association(number).roll, &self.table, task);
        self.table.insert(task);
    }
}

struct Forking<'a, M: Meter> {
    machine: &'a Machine<M>,
    maker: Place,
    child: Place,
}

/// A membership on its way into the table: the reference, and the state.
struct Membership<'a, M: Meter>(Ref<'a, M>, usize);

impl<'a, M: Meter> Fork for Forking<'a, M> {
    type Association = Ref<'a, M>;
    type Membership = Membership<'a, M>;
    type Stop = Infallible;

    fn of_maker(&mut self) -> Result<Option<Ref<'a, M>>, Infallible> {
        Ok(self.machine.association_of(self.maker))
    }

    fn of_child(&mut self) -> Result<Option<Ref<'a, M>>, Infallible> {
        Ok(self.machine.association_of(self.child))
    }

    fn are_same(one: &Ref<'a, M>, other: &Ref<'a, M>) -> bool {
        std::ptr::eq(one.get(), other.get())
    }

    fn forget_child(&mut self) -> Result<(), Infallible> {
        self.machine.forget(self.child);
        Ok(())
    }

    fn join(&mut self) -> Result<Option<Membership<'a, M>>, Infallible> {
        let Some(maker) = self.machine.entry_of(self.maker) else {
            return Ok(None);
        };
        let Some(association) = self.machine.association_in(maker) else {
            return Ok(None);
        };
        if association.get().is_revoked() {
            return Ok(None);
        }
        association.get().add_task();
        let mut child = HandingOn {
            searched: maker.state.load(Relaxed) & SEARCHED != 0,
            state: 0,
        };
        let Ok(()) = protocol::hand_on(&mut child);
        Ok(Some(Membership(association, child.state)))
    }

    fn insert(&mut self, membership: Membership<'a, M>) -> Result<Ref<'a, M>, Infallible> {
        let Membership(association, state) = membership;
        let kept = association.clone();
        self.machine.put(self.child, association, state);
        Ok(kept)
    }

    fn has_ended(&mut self, association: &Ref<'a, M>) -> Result<bool, Infallible> {
        fence(Ordering::SeqCst);
        Ok(association.get().is_revoked())
    }

    fn set_born(&mut self) -> Result<(), Infallible> {
        if let Some(entry) = self.machine.entry_of(self.child) {
            let state = entry.state.load(Relaxed);
            entry.state.store(state | PROCESS, Relaxed);
        }
        Ok(())
    }
}

/// A child that nobody sees yet, so its state is no shared word.
struct HandingOn {
    searched: bool,
    state: usize,
}

impl HandOn for HandingOn {
    type Stop = Infallible;

    fn is_searched(&mut self) -> Result<bool, Infallible> {
        Ok(self.searched)
    }

    fn count_child(&mut self) -> Result<(), Infallible> {
        unreachable!("every task here was searched")
    }

    fn mark_child(&mut self) -> Result<(), Infallible> {
        self.state |= SEARCHED;
        Ok(())
    }
}
