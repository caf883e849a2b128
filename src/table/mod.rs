// SPDX-License-Identifier: GPL-2.0

//! Who is associated with what: an RCU hash table from tasks to associations,
//! the list of associations by id, and the operations that change them.
//!
//! Looking up is lock-free and allowed in any context. What changes the table
//! may sleep, except forgetting a task, which must not.

mod assign;
mod association;
mod fork;
mod former;
mod gather;
mod limits;
mod loopback;
mod membership;
mod narrow;
mod part;
mod patience;
mod registry;
mod release;
mod reserved;
mod search;
mod set;
pub(crate) mod sockets;
mod take_in;
mod update;
mod waiting;

pub(crate) use assign::Whom;
pub(crate) use association::{Association, Terms};
pub(crate) use former::Leftover;
pub(crate) use set::AddressSet;

use kernel::alloc::Flags;
use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{new_mutex, new_spinlock, rcu, Arc, Mutex, MutexGuard, SpinLock};

use crate::sys::map::{Entry, InsertError, RcuMap};
use crate::sys::published::Published;
use crate::sys::queue::OwnQueue;
use crate::sys::sysfs::Dir;
use crate::sys::task::{self, MemoryKey, TaskKey, TaskRef};

use gather::gather;
use loopback::{HostUses, Loopbacks};
use membership::Membership;
use registry::Registry;
use reserved::Reserved;

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
    loopbacks: Loopbacks,
    reserved: Reserved,
    // How many associations are listed, and how many have lost addresses on which
    // they may have connections.
    listed: Arc<Atomic<usize>>,
    formers: Atomic<usize>,
    // Connections were left where they should have ended, as they were locked.
    any_left: Atomic<bool>,
    // Which lock is for what, in which order, and for how long: docs/locking.md.
    #[pin]
    registry: SpinLock<Registry>,
    // Held by whoever changes associations from outside, one at a time.
    #[pin]
    control: Mutex<()>,
    // Held from when the list of exclusive addresses is made until the sets are
    // what it was made of.
    #[pin]
    reserving: Mutex<()>,
    #[pin]
    host_uses: Mutex<HostUses>,
    // Takes ended associations off the list.
    queue: OwnQueue,
    // Waits for readers in its callers' place: see `waiting.rs`.
    waiting: OwnQueue,
    by_id: Arc<Dir>,
    module: &'static ThisModule,
}

impl Table {
    /// An empty table. Associations show up as files in `by_id`, and keep
    /// `module` loaded. May sleep.
    pub(crate) fn new(module: &'static ThisModule, by_id: Arc<Dir>) -> Result<Pin<KBox<Self>>> {
        let members = RcuMap::new()?;
        let loopbacks = Loopbacks::new()?;
        let reserved = Reserved::new()?;
        let listed = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let count = listed.clone();
        let queue = OwnQueue::new(c"addrconf")?;
        let waiting = OwnQueue::new(c"addrconf_wait")?;
        KBox::try_pin_init(
            try_pin_init!(Self {
                members,
                occupied: Atomic::new(0),
                loopbacks,
                reserved,
                listed,
                formers: Atomic::new(0),
                any_left: Atomic::new(false),
                registry <- new_spinlock!(Registry::new(count)),
                control <- new_mutex!(()),
                reserving <- new_mutex!(()),
                host_uses <- new_mutex!(HostUses::new()),
                queue,
                waiting,
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

    /// Forgets a task, which is gone. Any context but NMI.
    pub(crate) fn forget(&self, task: TaskKey) {
        if self.occupied.load(ordering::Relaxed) != 0 {
            self.remove(task);
        }
    }

    /// Number of associated tasks (threads).
    pub(crate) fn tasks(&self) -> usize {
        self.occupied.load(ordering::Relaxed)
    }

    /// The association of a process, if any: of its first thread, or, after
    /// that has exited, of any other. One that is being made for it does not count
    /// yet. May sleep.
    pub(crate) fn of_process(&self, process: &TaskRef) -> Result<Option<Arc<Association>>> {
        let formed = |task| {
            let association = self.association(task)?;
            association.root().is_formed().then_some(association)
        };
        if let Some(found) = formed(process.key()) {
            return Ok(Some(found));
        }
        let threads = process.threads()?;
        Ok(threads.iter().find_map(|t| formed(t.key())))
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

    fn remove(&self, task: TaskKey) -> bool {
        let removed = self.members.remove(task);
        if removed {
            self.note_removed(1);
        }
        removed
    }

    /// Removes a task if its part in an association is such, and tells whether it
    /// did. Never sleeps.
    fn remove_if(&self, task: TaskKey, is_meant: impl Fn(&Membership) -> bool) -> bool {
        let removed = self.members.remove_if(task, is_meant);
        if removed {
            self.note_removed(1);
        }
        removed
    }

    fn note_removed(&self, count: usize) {
        self.occupied.fetch_sub(count, ordering::Relaxed);
    }
}
