// SPDX-License-Identifier: GPL-2.0

//! Associating processes, and ending it. May sleep.

use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::sys::map::InsertError;
use crate::sys::module::ModuleRef;
use crate::sys::sock::SkHold;
use crate::sys::task::{self, TaskKey, TaskRef};

use super::association::{Membership, Terms, User};
use super::{sockets, AddressSet, Association, Table};

/// How many parts an association can have at a time.
const MAX_PARTS: usize = 256;

/// How many times a process can narrow itself.
const MAX_DEPTH: usize = 8;

/// Whom an association is made for.
pub(crate) struct Whom<'a> {
    /// The process.
    pub(crate) process: &'a TaskRef,
    /// Its descendants as well.
    pub(crate) tree: bool,
    /// End connections that are bound outside the set.
    pub(crate) reset: bool,
}

impl Table {
    /// Makes an association and puts all threads of a process into it, with
    /// their sockets, and its descendants if asked. All or nothing.
    ///
    /// # Errors
    ///
    /// `EEXIST` when a task is associated already, `ESRCH` when the process
    /// has exited, `EINVAL` for a kernel thread, `EADDRINUSE` when the
    /// loopback address is taken, `EBUSY` when a process holds a packet or XDP
    /// socket, an io_uring that another process polls, or half of a datagram
    /// from another address, or traces somebody who is not to be associated,
    /// `ENOMEM`.
    pub(crate) fn assign(
        &self,
        whom: &Whom<'_>,
        terms: Terms,
        set: AddressSet,
        loopback: Option<Ipv4Addr>,
    ) -> Result<Arc<Association>> {
        if whom.process.is_kernel_thread() {
            return Err(EINVAL);
        }
        let _one_at_a_time = self.control.lock();
        let (association, first) = self.make(terms, set, loopback, None)?;
        let done = self.take_in_all(whom, &association).and_then(|all| {
            // Nothing can be made any more that was not allowed; what there
            // is already could be used without a call.
            let mut traces = false;
            for process in &all {
                let holds = |thread: &TaskRef| {
                    thread.holds_ring() || sockets::holds_half_a_message(thread, &association)
                };
                let threads = process.threads()?;
                if threads.iter().any(holds) {
                    return Err(EBUSY);
                }
                traces |= threads.iter().any(TaskRef::traces);
            }
            // Whom somebody traces cannot be read from here: that takes a look
            // at every task there is, which few need.
            if traces && self.traces_others(&association) {
                return Err(EBUSY);
            }
            self.list(&association)?;
            let strangers = Self::strangers(&all, &association, whom.reset)?;
            Ok((all, strangers))
        });
        let (all, strangers) = match done {
            Ok(done) => done,
            Err(error) => {
                self.end(&association);
                return Err(error);
            }
        };
        drop(first);
        // New sockets are the association's from birth; now for those there
        // were.
        self.adopt(&all, &association);
        sockets::abort(&strangers);
        Ok(association)
    }

    /// Takes in the sockets of every task of `association`, which was made for
    /// these processes. Needs no memory.
    fn adopt(&self, all: &[TaskRef], association: &Arc<Association>) {
        // Most often it is one process that made no other meanwhile; then there
        // is no need to look at every task there is. As its threads are held,
        // those that exit go on being counted.
        if let [process] = all {
            if let Ok(threads) = process.threads() {
                threads.iter().for_each(|t| sockets::adopt(t, association));
                if threads.len() == association.tasks() {
                    return;
                }
            }
        }
        task::each(|task| {
            if self.is_member(task.key(), association) {
                sockets::adopt(&task.hold(), association);
            }
            true
        });
    }

    /// Moves all threads of the running process to a new association with a
    /// smaller set, which is a part of the present one: it shrinks and ends
    /// with it.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, `EPERM` when the set is not within
    /// the present one, `ENOSPC` when there are [`MAX_PARTS`] parts of it or it
    /// is itself [`MAX_DEPTH`] parts deep, `ENOMEM`.
    pub(crate) fn narrow(&self, name: crate::abi::Name, set: AddressSet) -> Result {
        let _one_at_a_time = self.control.lock();
        let process = TaskRef::current_process();
        let present = self.association(TaskKey::current()).ok_or(ENOENT)?;
        let within = {
            let guard = kernel::sync::rcu::read_lock();
            let view = present.set(&guard).view();
            set.entries().iter().all(|e| view.covers(e))
        };
        if !within {
            return Err(EPERM);
        }
        let terms = Terms {
            name,
            exclusive: present.terms().exclusive,
            allow_raw: present.terms().allow_raw,
            source: present.terms().source,
        };
        // Nobody else needs a right for this: it must not eat all memory.
        if present.depth() >= MAX_DEPTH || self.parts_of(&present)?.len() >= MAX_PARTS {
            return Err(ENOSPC);
        }
        let parent = User::join(present).ok_or(ENOENT)?;
        let (association, first) = self.make(terms, set, None, Some(parent))?;
        self.list(&association)?;
        // Without memory half way, the threads moved so far stay narrowed, and
        // without any the association goes with `first`.
        self.move_over(&process, &association)?;
        drop(first);
        Ok(())
    }

    /// Takes a process, with all its threads, out of its association. Returns
    /// the number of threads. Children stay, and sockets keep their scope.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, `ENOMEM`.
    pub(crate) fn release_process(&self, process: &TaskRef) -> Result<usize> {
        let _one_at_a_time = self.control.lock();
        if self.of_process(process)?.is_none() {
            return Err(ENOENT);
        }
        // The first thread may have exited while others go on. It counts for the
        // first look: its clones are waited for, too.
        let mut removed = usize::from(self.remove(process.key()));
        let mut released = 0;
        loop {
            task::each(|task| {
                if task.is_thread_of(process) && self.remove(task.key()) {
                    removed += 1;
                }
                true
            });
            released += removed;
            if removed == 0 {
                break;
            }
            removed = 0;
            task::wait_for_clones();
        }
        self.settle();
        Ok(released)
    }

    /// Ends an association and its parts: all their tasks become unassociated at once. Returns
    /// their number. Sockets keep their scope, and the association stays
    /// listed until the last of them is closed.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none with this id.
    pub(crate) fn release_association(&self, id: u64) -> Result<usize> {
        let _one_at_a_time = self.control.lock();
        let mut ending = KVec::new();
        ending.push(self.by_id(id).ok_or(ENOENT)?, GFP_KERNEL)?;
        // With its parts, and theirs.
        let mut looked_at = 0;
        while looked_at < ending.len() {
            for part in self.parts_of(&ending[looked_at])? {
                ending.push(part, GFP_KERNEL)?;
            }
            looked_at += 1;
        }
        let released = ending.iter().map(|a| self.end(a)).sum();
        drop(ending);
        self.settle();
        Ok(released)
    }

    /// Ends every association, as [`Self::release_association`] ends one.
    /// Returns how many tasks they had.
    pub(crate) fn release_all(&self) -> usize {
        let _one_at_a_time = self.control.lock();
        self.revoke_all();
        let mut released = 0;
        loop {
            let mut removed = 0;
            task::each(|task| {
                removed += usize::from(self.remove(task.key()));
                true
            });
            if removed == 0 {
                break;
            }
            released += removed;
            task::wait_for_clones();
        }
        self.settle();
        released
    }

    /// Whether a task of `association` traces one that is not of it.
    fn traces_others(&self, association: &Association) -> bool {
        let mut found = false;
        task::each(|task| {
            found = !self.is_member(task.key(), association)
                && task
                    .tracer()
                    .is_some_and(|t| self.is_member(t, association));
            !found
        });
        found
    }

    /// The connections of `processes` that are to be ended: none unless `reset`.
    fn strangers(
        processes: &[TaskRef],
        association: &Association,
        reset: bool,
    ) -> Result<KVec<SkHold>> {
        let mut strangers = KVec::new();
        if !reset {
            return Ok(strangers);
        }
        for process in processes {
            for thread in process.threads()? {
                for stranger in sockets::strangers(&thread, association)? {
                    strangers.push(stranger, GFP_KERNEL)?;
                }
            }
        }
        Ok(strangers)
    }

    fn make(
        &self,
        terms: Terms,
        set: AddressSet,
        loopback: Option<Ipv4Addr>,
        parent: Option<User>,
    ) -> Result<(Arc<Association>, User)> {
        let module = ModuleRef::get(self.module)?;
        let loopback = self.take_loopback(loopback)?;
        self.new_id()
            .and_then(|id| Association::new(id, terms, set, loopback, parent, module))
            .inspect_err(|_| self.leave_loopback(loopback))
    }

    /// Puts the tasks that are asked for into `association`, and returns their
    /// processes.
    fn take_in_all(
        &self,
        whom: &Whom<'_>,
        association: &Arc<Association>,
    ) -> Result<KVec<TaskRef>> {
        self.take_in(whom.process, association)?;
        let mut processes = KVec::new();
        processes.push(whom.process.clone(), GFP_KERNEL)?;
        let mut looked_at = 0;
        while whom.tree && looked_at < processes.len() {
            // Who is in has its later children in as well, so once the
            // children of everybody who is in were looked at, that is all.
            for child in processes[looked_at].children()? {
                match self.take_in(&child, association) {
                    Ok(()) => processes.push(child, GFP_KERNEL)?,
                    // It exited, and its children are somebody else's.
                    Err(error) if error == ESRCH => {}
                    Err(error) => return Err(error),
                }
            }
            looked_at += 1;
        }
        Ok(processes)
    }

    /// Puts every thread of `process` into `association`, until a look finds
    /// none that is not.
    fn take_in(&self, process: &TaskRef, association: &Arc<Association>) -> Result {
        let mut found_any = false;
        loop {
            let mut added = false;
            for thread in process.threads()? {
                found_any = true;
                match self.association(thread.key()) {
                    Some(other) if other.id() != association.id() => return Err(EEXIST),
                    Some(_) => continue,
                    None => {}
                }
                added = true;
                let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                match self.insert(thread.key(), membership, GFP_KERNEL) {
                    Ok(()) => {}
                    // It inherited this moment, which the next look tells, or
                    // is still down for an association that was ended.
                    Err(InsertError::Occupied) => {
                        if self.association(thread.key()).is_none() {
                            self.remove(thread.key());
                        }
                    }
                    Err(InsertError::Table(error)) => return Err(error),
                }
            }
            if !found_any {
                return Err(ESRCH);
            }
            if !added {
                return Ok(());
            }
            // A thread made by one of them before it was in either was in time
            // to be put in by `catch_up` or is found at the next look.
            task::wait_for_clones();
        }
    }

    /// Moves every thread of `process` to `association` from another.
    fn move_over(&self, process: &TaskRef, association: &Arc<Association>) -> Result {
        loop {
            let mut moved = false;
            for thread in process.threads()? {
                if !self.is_member(thread.key(), association) {
                    let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                    moved |= self.replace(thread.key(), membership, GFP_KERNEL)?;
                }
            }
            if !moved {
                return Ok(());
            }
            task::wait_for_clones();
        }
    }

    /// Revokes an association, from which moment it holds for no task, and
    /// removes what tasks it has. Returns their number.
    fn end(&self, association: &Association) -> usize {
        association.revoke();
        let mut total = 0;
        loop {
            let mut removed = 0;
            task::each(|task| {
                if self.is_member(task.key(), association) && self.remove(task.key()) {
                    removed += 1;
                }
                true
            });
            if removed == 0 {
                return total;
            }
            total += removed;
            // Children on their way found their maker released, or are found
            // at the next look.
            task::wait_for_clones();
        }
    }
}
