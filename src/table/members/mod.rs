// SPDX-License-Identifier: GPL-2.0

//! Which task is a member of which association: a hash table under RCU.
//!
//! Lookups are lock-free. Context: any. Forgetting a task: any but NMI.

mod place;

use kernel::alloc::Flags;
use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::policy::Uid;
use crate::sys::map::{Entry, InsertError, RcuMap};
use crate::sys::task::{self, MemoryKey, TaskKey, TaskRef, Tgid};

use crate::table::association::Association;
use crate::table::control::Control;
use crate::table::gather::gather;
use crate::table::membership::Membership;
use crate::table::tenant::Mark;

/// The table of tasks.
//
// It has no count of its own, which every fork and exit would write: the hash table counts. And a
// look-up does not ask first whether the table is empty, as it would read what they write.
pub(crate) struct Members {
    map: RcuMap<TaskKey, Membership>,
}

impl Members {
    /// No tasks. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn new() -> Result<Self> {
        Ok(Self {
            map: RcuMap::new()?,
        })
    }

    /// Number of tasks (threads).
    pub(crate) fn count(&self) -> usize {
        self.map.count()
    }

    /// The association of a task, if any. Context: any.
    pub(crate) fn association(&self, task: TaskKey) -> Option<Arc<Association>> {
        self.with_membership(task, Membership::association)?
    }

    /// Forgets a task, which is being freed. Context: any but NMI.
    pub(crate) fn forget(&self, task: TaskKey) {
        self.map.remove(task);
    }

    /// The association of a process, if any. An association that is not formed does not count yet.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn of_process(&self, process: &TaskRef) -> Result<Option<Arc<Association>>> {
        self.of_any(process, |membership| {
            let formed = membership.is_formed() || membership.is_moving();
            formed.then(|| membership.association()).flatten()
        })
    }

    /// The result of `make` for the membership of a process: that of its first thread, if that does
    /// not exit, or of any other that does not. Only if there is none, the first thread counts
    /// although it exits: calls may have passed it over. `make` must not sleep. Context: process,
    /// may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn of_any<T>(
        &self,
        process: &TaskRef,
        make: impl Fn(&Membership) -> Option<T>,
    ) -> Result<Option<T>> {
        let of = |thread: &TaskRef| self.with_membership(thread.key(), &make).flatten();
        if !process.exits() {
            if let Some(made) = of(process) {
                return Ok(Some(made));
            }
        }
        let threads = process.threads()?;
        Ok(threads.iter().find_map(of).or_else(|| of(process)))
    }

    /// The ids of the processes that have a task in `association`, in the caller's pid
    /// namespace. Processes that have no id there are left out. Looks at the tasks of the
    /// association alone. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn processes(&self, association: &Association) -> Result<KVVec<i32>> {
        let mut found: KVVec<Tgid> = gather(|push| {
            let guard = rcu::read_lock();
            self.map.each_of(association.roll(), &guard, |membership| {
                if let Some(process) = membership.process() {
                    push(process);
                }
            });
        })?;
        found.sort_unstable();
        let mut pids = KVVec::with_capacity(found.len(), GFP_KERNEL)?;
        let mut last = None;
        for process in found {
            if last.replace(process) != Some(process) {
                if let Some(pid) = self.process_id(process, association) {
                    pids.push(pid, GFP_KERNEL)?;
                }
            }
        }
        Ok(pids)
    }

    /// The id of a process in the caller's pid namespace, if it has one there and a thread of
    /// it is a member of `association`. The process with this id may be another by now.
    fn process_id(&self, process: Tgid, association: &Association) -> Option<i32> {
        self.of_member(process, association, |task| task.process_id())?
    }

    /// The result of `make` for a thread of a process that is a member of `association`, if
    /// there is one. `make` must not sleep.
    fn of_member<T>(
        &self,
        process: Tgid,
        association: &Association,
        make: impl Fn(task::Visited<'_>) -> T,
    ) -> Option<T> {
        let mut made = None;
        task::each_thread(process, |task| {
            if self.is_member(task.key(), association) {
                made = Some(make(task));
            }
            made.is_none()
        });
        made
    }

    /// The tasks of an association and its parts, revoked or not.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn tasks_within(
        &self,
        association: &Association,
    ) -> Result<KVVec<TaskRef>> {
        gather(|push| {
            task::each(|task| {
                if self.is_within(task.key(), association) {
                    push(task.hold());
                }
                true
            });
        })
    }

    /// Whether a task of an association or of its parts has this memory.
    /// Context: any.
    pub(crate) fn has_memory(&self, association: &Association, memory: MemoryKey) -> bool {
        let mut found = false;
        task::each(|task| {
            found = task.has_memory(memory) && self.is_within(task.key(), association);
            !found
        });
        found
    }

    /// Whether `task` is a member of `association` itself, revoked or not.
    pub(in crate::table) fn is_member(&self, task: TaskKey, association: &Association) -> bool {
        self.has_such(task, |membership| membership.is_of(association))
    }

    /// Whether `task` is a member of `association`, of a part of it, or of a part of
    /// a part, revoked or not.
    pub(in crate::table) fn is_within(&self, task: TaskKey, association: &Association) -> bool {
        self.has_such(task, |membership| membership.is_within(association))
    }

    /// Whether a task has a membership for which `is_meant` returns true.
    pub(in crate::table) fn has_such(
        &self,
        task: TaskKey,
        is_meant: impl FnOnce(&Membership) -> bool,
    ) -> bool {
        self.with_membership(task, is_meant).unwrap_or(false)
    }

    /// The result of `make` for the membership of a task, revoked or not, if it has
    /// one. `make` must not sleep. Context: any.
    pub(in crate::table) fn with_membership<T>(
        &self,
        task: TaskKey,
        make: impl FnOnce(&Membership) -> T,
    ) -> Option<T> {
        let guard = rcu::read_lock();
        self.map.get(task, &guard).map(make)
    }

    /// Adds a task. Sleeps as `flags` allow.
    pub(in crate::table) fn insert(
        &self,
        task: TaskKey,
        membership: Membership,
        flags: Flags,
    ) -> core::result::Result<(), InsertError> {
        let entry = Entry::new(membership, flags).map_err(InsertError::Table)?;
        self.map.insert(task, entry)
    }

    /// Puts `entry` in place of the membership of a task if `wanted` returns true for
    /// the old and the new one. Returns whether it did. Never sleeps, nor must
    /// `wanted`.
    pub(in crate::table) fn replace_if(
        &self,
        task: TaskKey,
        entry: KBox<Entry<Membership>>,
        wanted: impl Fn(&Membership, &Membership) -> bool,
    ) -> bool {
        self.map.replace_if(task, entry, wanted)
    }

    /// Removes a task if `is_meant` returns true for its membership. Returns whether
    /// it did. Never sleeps.
    pub(in crate::table) fn remove_if(
        &self,
        task: TaskKey,
        is_meant: impl Fn(&Membership) -> bool,
    ) -> bool {
        self.map.remove_if(task, is_meant)
    }

    /// Removes a task if its tenant is formed, and `user`, if there is one, made its association. No
    /// tenant becomes formed as long as the caller holds the control lock.
    pub(in crate::table) fn remove_formed(
        &self,
        task: TaskKey,
        user: Option<Uid>,
        _control: &Control,
    ) -> bool {
        self.remove_if(task, |membership| {
            membership.is_formed() && membership.is_under(user)
        })
    }

    /// Whether no task is a member of `association` itself, apart from those that have exited and
    /// were waited for. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn is_deserted(&self, association: &Association) -> Result<bool> {
        let mut unborn = false;
        let found: KVVec<Tgid> = gather(|push| {
            let guard = rcu::read_lock();
            self.map.each_of(association.roll(), &guard, |membership| {
                match membership.process() {
                    Some(process) => push(process),
                    None => unborn = true,
                }
            });
        })?;
        let is_there = |&process: &Tgid| self.of_member(process, association, |_| ()).is_some();
        Ok(!unborn && !found.iter().any(is_there))
    }

    /// Takes this mark off the tasks of an association, also of those that are being made.
    /// Leaves out some that come or go meanwhile. Never sleeps.
    pub(in crate::table) fn take_off(&self, association: &Association, mark: Mark) {
        let guard = rcu::read_lock();
        self.map.each_of(association.roll(), &guard, |membership| {
            membership.take_off(mark);
        });
    }

    /// Removes all tasks whose memberships do not count, also those that are on no
    /// list of tasks: a task that has exited but is still referred to, or one that is
    /// being made. A task that is added later sees that it does not count.
    /// Returns the number of tasks. Context: process, may sleep.
    pub(in crate::table) fn remove_revoked(&self) -> usize {
        self.map.remove_where(Membership::is_revoked)
    }
}
