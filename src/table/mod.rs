// SPDX-License-Identifier: GPL-2.0

//! Who is associated with what: an RCU hash table from tasks to associations,
//! the list of associations by id, and the operations that change them.
//!
//! Looking up is lock-free and allowed in any context. What changes the table
//! may sleep, except forgetting a task, which must not.

mod assign;
mod association;
mod gather;
mod narrow;
mod part;
mod registry;
mod release;
mod set;
pub(crate) mod sockets;
mod update;

pub(crate) use assign::Whom;
pub(crate) use association::{Association, Terms};
pub(crate) use set::AddressSet;

use kernel::alloc::Flags;
use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{new_mutex, rcu, Arc, Mutex, MutexGuard};
use kernel::time::{delay::fsleep, Delta};

use crate::sys::map::{Entry, InsertError, RcuMap};
use crate::sys::published::Published;
use crate::sys::queue::OwnQueue;
use crate::sys::rcu_cell::RcuCell;
use crate::sys::sysfs::Dir;
use crate::sys::task::{self, MemoryKey, TaskKey, TaskRef};

use association::Membership;
use gather::gather;
use registry::{Loopback, Registry};

/// Where the table is found while the module is up.
pub(crate) static TABLE: Published<Table> = Published::new();

/// The table, while the module is up.
pub(crate) fn get() -> Option<&'static Table> {
    TABLE.get()
}

/// The association of the running task, if any. Any context.
pub(crate) fn current() -> Option<Arc<Association>> {
    get()?.association(TaskKey::current())
}

/// Everything the module knows.
#[pin_data]
pub(crate) struct Table {
    members: RcuMap<TaskKey, Membership>,
    // Number of tasks in `members`, or more for a moment: zero means that
    // nobody needs to be looked up.
    occupied: Atomic<usize>,
    // Dedicated loopback addresses that are taken.
    loopbacks: RcuMap<Loopback, ()>,
    // The addresses of exclusive associations, and whether there are any.
    reserved: RcuCell<AddressSet>,
    any_reserved: Atomic<bool>,
    #[pin]
    registry: Mutex<Registry>,
    // Held by whoever changes associations from outside, one at a time.
    #[pin]
    control: Mutex<()>,
    // Held from when the list of exclusive addresses is made until the sets are
    // what it was made of. Taken after `control`, before the registry.
    #[pin]
    reserving: Mutex<()>,
    queue: OwnQueue,
    by_id: Arc<Dir>,
    module: &'static ThisModule,
}

impl Table {
    /// An empty table. Associations show up as files in `by_id`, and keep
    /// `module` loaded. May sleep.
    pub(crate) fn new(module: &'static ThisModule, by_id: Arc<Dir>) -> Result<Pin<KBox<Self>>> {
        let members = RcuMap::new()?;
        let loopbacks = RcuMap::new()?;
        let nothing = KBox::new(AddressSet::new(KVec::new())?, GFP_KERNEL)?;
        let queue = OwnQueue::new(c"addrconf")?;
        KBox::try_pin_init(
            try_pin_init!(Self {
                members,
                occupied: Atomic::new(0),
                loopbacks,
                reserved: RcuCell::new(nothing),
                any_reserved: Atomic::new(false),
                registry <- new_mutex!(Registry::new()),
                control <- new_mutex!(()),
                reserving <- new_mutex!(()),
                queue,
                by_id,
                module,
            }),
            GFP_KERNEL,
        )
    }

    /// Has changes from outside happen one at a time, and none by a task that is
    /// associated. Whether it is was asked before, but it may have become so
    /// since, by whoever had its turn. May sleep.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller is associated.
    fn control_from_outside(&self) -> Result<MutexGuard<'_, ()>> {
        let guard = self.control.lock();
        if self.association(TaskKey::current()).is_some() {
            return Err(EPERM);
        }
        Ok(guard)
    }

    /// The association of a task, if any. Any context.
    pub(crate) fn association(&self, task: TaskKey) -> Option<Arc<Association>> {
        self.with_membership(task, Membership::association)?
    }

    /// Associates `child`, which the running task is making, as the running
    /// task is. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: then the child must not come to be.
    pub(crate) fn inherit(&self, child: TaskKey) -> Result {
        // Or whoever makes children faster than they can be looked through
        // keeps that from having an end.
        while self.has_such(TaskKey::current(), Membership::is_next) {
            fsleep(Delta::from_micros(1_000));
        }
        self.take_after_maker(child, GFP_KERNEL_ACCOUNT)
    }

    /// Brings a child up to date, whose maker, the running task, may have been
    /// associated, narrowed or released since it inherited, and which is on the
    /// list of tasks next. Never sleeps.
    pub(crate) fn catch_up(&self, child: TaskKey) -> Result {
        let Some(association) = self.association(TaskKey::current()) else {
            self.forget(child);
            return Ok(());
        };
        let done = match self.association(child) {
            None => {
                // What it has, if anything, is of an association that ended.
                self.forget(child);
                self.take_after_maker(child, GFP_ATOMIC)
            }
            Some(other) if other.id() != association.id() => match Membership::join(association) {
                Some(membership) => self.replace(child, membership, GFP_ATOMIC).map(|_| ()),
                // Its maker was released this moment; then so is the child.
                None => {
                    self.forget(child);
                    Ok(())
                }
            },
            Some(_) => Ok(()),
        };
        self.with_membership(child, Membership::set_born);
        done
    }

    fn take_after_maker(&self, child: TaskKey, flags: Flags) -> Result {
        // The maker may have been released this moment; then so is the child.
        let membership = self.with_membership(TaskKey::current(), Membership::of_child);
        let Some(membership) = membership.flatten() else {
            return Ok(());
        };
        self.insert(child, membership, flags)
            .map_err(|error| match error {
                InsertError::Occupied => EEXIST,
                InsertError::Table(_) => ENOMEM,
            })
    }

    /// Forgets a task, which is gone. Any context but NMI.
    pub(crate) fn forget(&self, task: TaskKey) {
        if self.occupied.load(ordering::Relaxed) != 0 {
            self.remove(task);
        }
    }

    /// Sleeps until tasks that were forgotten or released before are no longer
    /// counted, and associations that went with them are no longer listed.
    pub(crate) fn settle(&self) {
        rcu::rcu_barrier();
        self.queue.flush();
    }

    /// Number of associated tasks (threads).
    pub(crate) fn tasks(&self) -> usize {
        self.occupied.load(ordering::Relaxed)
    }

    /// The association of a process, if any: of its first thread, or, after
    /// that has exited, of any other. May sleep.
    pub(crate) fn of_process(&self, process: &TaskRef) -> Result<Option<Arc<Association>>> {
        if let Some(found) = self.association(process.key()) {
            return Ok(Some(found));
        }
        let threads = process.threads()?;
        Ok(threads.iter().find_map(|t| self.association(t.key())))
    }

    /// Calls `visit` with the id of each process that has a task in
    /// `association`, as the caller's pid namespace knows it; processes it
    /// does not know are left out. `visit` must not sleep.
    pub(crate) fn each_process(&self, association: &Association, mut visit: impl FnMut(i32)) {
        let mut last = 0;
        task::each(|task| {
            if self.is_member(task.key(), association) {
                match task.process_id() {
                    // Threads of a process follow one another.
                    Some(pid) if pid != last => {
                        last = pid;
                        visit(pid);
                    }
                    _ => {}
                }
            }
            true
        });
    }

    /// The tasks of an association and of its parts, revoked or not. May sleep.
    fn tasks_within(&self, association: &Association) -> Result<KVVec<TaskRef>> {
        gather(|push| {
            task::each(|task| {
                if self.is_within(task.key(), association) {
                    push(task.hold());
                }
                true
            });
        })
    }

    /// Whether a task of an association or of its parts has this memory. Any
    /// context.
    pub(crate) fn has_memory(&self, association: &Association, memory: MemoryKey) -> bool {
        let mut found = false;
        task::each(|task| {
            found = task.has_memory(memory) && self.is_within(task.key(), association);
            !found
        });
        found
    }

    /// Whether the table has `task` down for `association`, revoked or not.
    fn is_member(&self, task: TaskKey, association: &Association) -> bool {
        self.has_such(task, |membership| membership.is_of(association))
    }

    /// Whether the table has `task` down for `association`, for a part of it or
    /// for a part of one, revoked or not.
    fn is_within(&self, task: TaskKey, association: &Association) -> bool {
        self.has_such(task, |membership| membership.is_within(association))
    }

    /// Whether a task has such a part in an association.
    fn has_such(&self, task: TaskKey, is_meant: impl FnOnce(&Membership) -> bool) -> bool {
        self.with_membership(task, is_meant).unwrap_or(false)
    }

    /// What is made of a task's part in an association, revoked or not, if it has
    /// one. `make` must not sleep. Any context.
    fn with_membership<T>(&self, task: TaskKey, make: impl FnOnce(&Membership) -> T) -> Option<T> {
        // Whoever is associated was so before it came here, so a zero read
        // early is never one it should not have seen.
        if self.occupied.load(ordering::Relaxed) == 0 {
            return None;
        }
        let guard = rcu::read_lock();
        self.members.get(task, &guard).map(make)
    }

    fn insert(
        &self,
        task: TaskKey,
        membership: Membership,
        flags: Flags,
    ) -> core::result::Result<(), InsertError> {
        let entry = Entry::new(membership, flags).map_err(InsertError::Table)?;
        self.occupied.add(1_usize, ordering::Relaxed);
        let outcome = self.members.insert(task, entry);
        if outcome.is_err() {
            self.occupied.fetch_sub(1_usize, ordering::Relaxed);
        }
        outcome
    }

    /// Puts a task that is in an association into another. `false` when it is
    /// in none any more.
    fn replace(&self, task: TaskKey, membership: Membership, flags: Flags) -> Result<bool> {
        let entry = Entry::new(membership, flags)?;
        Ok(self.members.replace(task, entry))
    }

    fn remove(&self, task: TaskKey) -> bool {
        let removed = self.members.remove(task);
        if removed {
            self.occupied.fetch_sub(1_usize, ordering::Relaxed);
        }
        removed
    }
}
