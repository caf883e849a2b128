// SPDX-License-Identifier: GPL-2.0

//! The users of an association: tasks, sockets, parts, and the call that makes it. It
//! ends with the last of them. Context: any.

use kernel::sync::atomic::ordering;
use kernel::sync::Arc;
use kernel::workqueue::{Queue, WorkItem};

use crate::events::Happening;
use crate::sys::map::Group;

use super::Association;

/// Holds what associations use, and buries those that have ended.
pub(in crate::table) trait Keeper: Send + Sync {
    /// The queue for burials. Context: any.
    fn queue(&self) -> &Queue;

    /// Takes an association that has no users left off the list, and frees what it
    /// held. Called once for each. Context: process, may sleep.
    fn bury(&self, association: &Association);
}

impl Association {
    /// Counts one more task. Context: any.
    pub(in crate::table) fn add_task(&self) {
        self.tasks.add(1_usize, ordering::Relaxed);
    }

    /// Counts one task less. Context: any.
    pub(in crate::table) fn remove_task(&self) {
        self.tasks.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// The memberships in it: one for each task, those that are exiting included.
    pub(in crate::table) fn roll(&self) -> &Group {
        &self.roll
    }

    /// The number of its tasks, those that are exiting included.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.load(ordering::Relaxed)
    }

    /// The number of its sockets.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(ordering::Relaxed)
    }

    /// Counts one more socket, whose slot will hold a reference. `raw`: whether it is
    /// a raw or ping socket. Returns `false` when the association has ended, or its
    /// tenant has as many raw and ping sockets as it may. Context: any.
    pub(in crate::table) fn add_socket(&self, raw: bool) -> bool {
        if raw && !self.tenant.add_raw_socket() {
            return false;
        }
        let added = self.add_user();
        if added {
            self.sockets.add(1_usize, ordering::Relaxed);
        } else if raw {
            self.tenant.remove_raw_socket();
        }
        added
    }

    /// Counts one socket less. `this` is the reference that its slot held.
    /// Context: any.
    pub(in crate::table) fn remove_socket(this: Arc<Self>, raw: bool) {
        if raw {
            this.tenant.remove_raw_socket();
        }
        if this.sockets.fetch_sub(1_usize, ordering::Relaxed) == 1 {
            this.subject().has(Happening::Drained);
        }
        Self::remove_user(&this);
    }

    pub(super) fn add_user(&self) -> bool {
        let mut users = self.users.load(ordering::Relaxed);
        while users != 0 {
            match self.users.cmpxchg(users, users + 1, ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => users = now,
            }
        }
        false
    }

    pub(super) fn remove_user(this: &Arc<Self>) {
        if this.users.fetch_sub(1_usize, ordering::Full) == 1 {
            // It is queued only once, as the count never rises from zero.
            let _ = this.keeper.queue().enqueue(this.clone());
        }
    }
}

impl WorkItem for Association {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.keeper.bury(&this);
    }
}

/// A user of an association, which keeps it from ending.
///
/// # Invariants
///
/// Counted in the association's `users`.
pub(in crate::table) struct User(Arc<Association>);

impl User {
    /// The first user of a new association.
    pub(super) fn first(association: Arc<Association>) -> Self {
        // INVARIANT: `Association::new` initialised `users` to 1 for it.
        Self(association)
    }

    /// Adds a user to `association`, unless it has ended.
    pub(in crate::table) fn join(association: Arc<Association>) -> Option<Self> {
        if association.add_user() {
            // INVARIANT: `add_user` counted it.
            Some(Self(association))
        } else {
            None
        }
    }

    /// The association.
    pub(in crate::table) fn association(&self) -> &Association {
        &self.0
    }

    /// A reference to it.
    pub(in crate::table) fn shared(&self) -> Arc<Association> {
        self.0.clone()
    }
}

impl Drop for User {
    /// Context: any.
    fn drop(&mut self) {
        Association::remove_user(&self.0);
    }
}
