// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside. May sleep.

use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::sys::module::ModuleRef;
use crate::sys::rcu_cell::Replaced;
use crate::sys::sock::SkHold;
use crate::sys::task::{TaskKey, TaskRef};

use super::association::{Terms, User};
use super::part::PartOf;
use super::patience::Patience;
use super::registry::Listing;
use super::search::recall;
use super::{sockets, AddressSet, Association, Table};

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
    /// loopback address is taken, `EBUSY` when a process holds a way out
    /// ([`Self::hold_no_way_out`]) or half of a datagram from another address,
    /// or traces somebody who is not to be associated, `EPERM` when the caller
    /// is associated by now, `EAGAIN` when a process makes threads, or the processes
    /// of a tree exit and leave children to others of it, faster than can be
    /// followed, `ENOMEM`. Nothing changed. `ETIMEDOUT` when a thread does not come
    /// back from a call: then the association is ended, and sockets keep its scope,
    /// as after a release; and so with `EBUSY` when one makes a way out in that
    /// moment, or `ENOMEM` when there is no memory to see whether one did.
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
        let patience = Patience::new();
        let loopback = self.take_loopback(loopback)?;
        let (association, first) = self
            .make(terms, set, Some(loopback), None)
            .inspect_err(|_| self.loopbacks.leave(loopback))?;
        // Until it is formed nobody else finds it, and nobody is kept waiting.
        let (all, tasks, strangers) = match self.form(whom, &association, &patience) {
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
        let settled = recall(&tasks, &association).and_then(|()| self.search(&all, &association));
        if let Err(error) = settled {
            self.end(&association);
            return Err(error);
        }
        // Tasks that have exited meanwhile need not stay for this.
        drop((all, tasks));
        sockets::abort(&strangers);
        Ok(association)
    }

    /// Puts everybody who is meant into `association`, looks through them, and puts
    /// it on the list. Returns their processes, their threads, and the connections
    /// that are to be ended.
    fn form(
        &self,
        whom: &Whom<'_>,
        association: &Arc<Association>,
        patience: &Patience,
    ) -> Result<(KVVec<TaskRef>, KVVec<TaskRef>, KVVec<SkHold>)> {
        let all = self.take_in_all(whom, association, patience)?;
        let tasks = self.threads_of(&all, association)?;
        // Nothing can be made any more that was not allowed; what there
        // is already could be used without a call. Forks keep memory
        // locked.
        association.set_searching(true);
        let looked = self.hold_no_way_out(&tasks, association, patience);
        association.set_searching(false);
        looked?;
        let strangers = Self::strangers(&all, association, whom.reset)?;
        let listing = self.listing(association)?;
        let set = association.copy_set()?;
        // While they can still say goodbye.
        self.end_predecessors(association, &set)?;
        let replaced = self.publish(association, listing, &set)?;
        self.drop_soon(replaced);
        Ok((all, tasks, strangers))
    }

    /// Puts an association on the list that everybody is in. Gives back what was in
    /// place before.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller has been associated meanwhile, but not by itself;
    /// `ENOMEM`.
    fn publish(
        &self,
        association: &Arc<Association>,
        listing: Listing,
        set: &AddressSet,
    ) -> Result<KVec<Replaced<AddressSet>>> {
        let published = self.publish_alone(association, listing, set);
        if published.is_err() {
            self.unlist(association);
        }
        published
    }

    /// As [`Self::publish`], but that an association stays on the list when this
    /// fails.
    fn publish_alone(
        &self,
        association: &Arc<Association>,
        listing: Listing,
        set: &AddressSet,
    ) -> Result<KVec<Replaced<AddressSet>>> {
        let _one_at_a_time = self.control.lock();
        let is_other = |own: Arc<Association>| !own.is_within(association);
        if self.association(TaskKey::current()).is_some_and(is_other) {
            return Err(EPERM);
        }
        let mut replaced = self.disinherit(association, set)?;
        replaced.reserve(1, GFP_KERNEL)?;
        self.registry.lock().insert(listing);
        if association.reserves() {
            let _alone = self.reserving.lock();
            // There is room, made above.
            let _ = replaced.push_within_capacity(self.renew_reserved(None)?);
        }
        association.set_formed();
        Ok(replaced)
    }

    /// Takes in the sockets of every task of `association`, which was made for
    /// these processes. What it does not get to in time, of very many descriptors, or
    /// for want of memory, can be used as little as what does not fit.
    fn adopt(&self, all: &[TaskRef], association: &Arc<Association>) {
        let patience = Patience::new();
        let adopt_of_each = |tasks: &[TaskRef]| {
            sockets::each_table(tasks, |task| match patience.is_over() {
                false => Ok(sockets::adopt(task, association)),
                true => Err(ETIMEDOUT),
            })
        };
        // Most often it is one process that made no other meanwhile; then there
        // is no need to look at every task there is. As its threads are held,
        // those that exit go on being counted.
        if let [process] = all {
            if let Ok(threads) = process.threads() {
                if adopt_of_each(&threads).is_ok() && threads.len() == association.tasks() {
                    return;
                }
            }
        }
        // Each for itself, as a table may be very long.
        if let Ok(tasks) = self.tasks_within(association) {
            let _ = adopt_of_each(&tasks);
        }
    }

    /// The connections of `processes` that are to be ended: none unless `reset`.
    fn strangers(
        processes: &[TaskRef],
        association: &Association,
        reset: bool,
    ) -> Result<KVVec<SkHold>> {
        if !reset {
            return Ok(KVVec::new());
        }
        let mut threads = KVVec::new();
        for process in processes {
            for thread in process.threads()? {
                threads.push(thread, GFP_KERNEL)?;
            }
        }
        sockets::strangers(&threads, association)
    }

    /// An association with its first user, not yet on the list.
    pub(super) fn make(
        &self,
        terms: Terms,
        set: AddressSet,
        loopback: Option<Ipv4Addr>,
        part_of: Option<PartOf>,
    ) -> Result<(Arc<Association>, User)> {
        let module = ModuleRef::get(self.module)?;
        let id = self.take_id()?;
        // Once it is there it gives back what is its own: see `bury`.
        Association::new(id, terms, set, loopback, part_of, module)
            .inspect_err(|_| self.leave_id(id))
    }
}
