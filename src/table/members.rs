// SPDX-License-Identifier: GPL-2.0

//! Which task is a member of which association: a hash table under RCU.
//!
//! Looking up is lock-free and allowed in any context. So is forgetting a task.

use kernel::alloc::Flags;
use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{rcu, Arc};

use crate::sys::map::{Entry, InsertError, RcuMap};
use crate::sys::task::{self, MemoryKey, TaskKey, TaskRef};

use super::association::Association;
use super::control::Control;
use super::gather::gather;
use super::membership::Membership;

/// The table of tasks.
pub(crate) struct Members {
    map: RcuMap<TaskKey, Membership>,
    // Number of tasks in the map, or more for a moment: zero means that nobody
    // needs to be looked up.
    count: Atomic<usize>,
}

impl Members {
    /// No task. May sleep.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            map: RcuMap::new()?,
            count: Atomic::new(0),
        })
    }

    /// Number of tasks (threads).
    pub(crate) fn count(&self) -> usize {
        self.count.load(ordering::Relaxed)
    }

    /// The association of a task, if any. Any context.
    pub(crate) fn association(&self, task: TaskKey) -> Option<Arc<Association>> {
        self.with_membership(task, Membership::association)?
    }

    /// Forgets a task, which is gone. Any context but NMI.
    pub(crate) fn forget(&self, task: TaskKey) {
        if self.count() != 0 {
            self.remove_if(task, |_| true);
        }
    }

    /// The association of a process, if any: of its first thread, or, after
    /// that has exited, of any other. One that is being made for it does not count
    /// yet. May sleep.
    pub(crate) fn of_process(&self, process: &TaskRef) -> Result<Option<Arc<Association>>> {
        let formed = |task| {
            let association = self.association(task)?;
            association.tenant().is_formed().then_some(association)
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
    pub(super) fn tasks_within(&self, association: &Association) -> Result<KVVec<TaskRef>> {
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

    /// Whether `task` is down for `association`, revoked or not.
    pub(super) fn is_member(&self, task: TaskKey, association: &Association) -> bool {
        self.has_such(task, |membership| membership.is_of(association))
    }

    /// Whether `task` is down for `association`, for a part of it or for a part of
    /// one, revoked or not.
    pub(super) fn is_within(&self, task: TaskKey, association: &Association) -> bool {
        self.has_such(task, |membership| membership.is_within(association))
    }

    /// Whether a task has such a part in an association.
    pub(super) fn has_such(
        &self,
        task: TaskKey,
        is_meant: impl FnOnce(&Membership) -> bool,
    ) -> bool {
        self.with_membership(task, is_meant).unwrap_or(false)
    }

    /// What is made of a task's part in an association, revoked or not, if it has
    /// one. `make` must not sleep. Any context.
    pub(super) fn with_membership<T>(
        &self,
        task: TaskKey,
        make: impl FnOnce(&Membership) -> T,
    ) -> Option<T> {
        // Whoever is associated was so before it came here, so a zero read
        // early is never one it should not have seen.
        if self.count() == 0 {
            return None;
        }
        let guard = rcu::read_lock();
        self.map.get(task, &guard).map(make)
    }

    /// Adds a task. Sleeps as `flags` allow.
    pub(super) fn insert(
        &self,
        task: TaskKey,
        membership: Membership,
        flags: Flags,
    ) -> core::result::Result<(), InsertError> {
        let entry = Entry::new(membership, flags).map_err(InsertError::Table)?;
        self.count.add(1_usize, ordering::Relaxed);
        let outcome = self.map.insert(task, entry);
        if outcome.is_err() {
            self.note_removed(1);
        }
        outcome
    }

    /// Puts a task's part in an association in place of the one it has, if `wanted`
    /// says yes to the old and the new one, and tells whether it did. Does not
    /// sleep, nor must `wanted`.
    pub(super) fn replace_if(
        &self,
        task: TaskKey,
        entry: KBox<Entry<Membership>>,
        wanted: impl Fn(&Membership, &Membership) -> bool,
    ) -> bool {
        self.map.replace_if(task, entry, wanted)
    }

    /// Removes a task if its part in an association is such, and tells whether it
    /// did. Never sleeps.
    pub(super) fn remove_if(&self, task: TaskKey, is_meant: impl Fn(&Membership) -> bool) -> bool {
        let removed = self.map.remove_if(task, is_meant);
        if removed {
            self.note_removed(1);
        }
        removed
    }

    /// Removes a task, unless its association is being made. None becomes formed as
    /// long as `control` is held.
    pub(super) fn remove_formed(&self, task: TaskKey, _control: &Control) -> bool {
        self.remove_if(task, Membership::is_formed)
    }

    /// Takes all tasks out that are in associations that were ended, also those that
    /// no list of tasks has: one that has exited but is still referred to, or is
    /// being made. A task that comes later sees that its association was ended.
    /// Returns how many there were. May sleep.
    pub(super) fn remove_revoked(&self) -> usize {
        let removed = self.map.remove_where(Membership::is_revoked);
        self.note_removed(removed);
        removed
    }

    fn note_removed(&self, count: usize) {
        self.count.fetch_sub(count, ordering::Relaxed);
    }
}
