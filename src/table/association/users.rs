// SPDX-License-Identifier: GPL-2.0

//! For whom an association is there: tasks, sockets, parts, and the call that makes
//! it. It ends with the last of them. Any context.

use kernel::sync::atomic::ordering;
use kernel::sync::Arc;
use kernel::workqueue::{Queue, WorkItem};

use super::Association;

/// What keeps an association that is there, and buries one that has ended.
pub(in crate::table) trait Keeper: Send + Sync {
    /// Where the burial is queued. Any context.
    fn queue(&self) -> &Queue;

    /// Takes an association off the list which has neither tasks nor sockets any
    /// more, and frees what was its own. Once for each. Context: process, may sleep.
    fn bury(&self, association: &Association);
}

impl Association {
    /// One more task in it. Any context.
    pub(in crate::table) fn add_task(&self) {
        self.tasks.add(1_usize, ordering::Relaxed);
    }

    /// One task less. Any context.
    pub(in crate::table) fn remove_task(&self) {
        self.tasks.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// How many tasks it has, those that exit this moment included.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.load(ordering::Relaxed)
    }

    /// How many sockets it has.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(ordering::Relaxed)
    }

    /// One more socket, whose slot will hold a reference. `raw` tells that it is a
    /// raw or ping socket. `false` when there is no use in it: the association has
    /// ended, or its tenant has as many of these as it may. Any context.
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

    /// One socket less; the reference is the one its slot held. Any context.
    pub(in crate::table) fn remove_socket(this: Arc<Self>, raw: bool) {
        if raw {
            this.tenant.remove_raw_socket();
        }
        this.sockets.fetch_sub(1_usize, ordering::Relaxed);
        Self::remove_user(&this);
    }

    fn add_user(&self) -> bool {
        let mut users = self.users.load(ordering::Relaxed);
        while users != 0 {
            match self.users.cmpxchg(users, users + 1, ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => users = now,
            }
        }
        false
    }

    fn remove_user(this: &Arc<Self>) {
        if this.users.fetch_sub(1_usize, ordering::Full) == 1 {
            // It is queued once only: the count does not rise from zero.
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

/// Somebody for whom an association is there.
///
/// # Invariants
///
/// Counted in the association's `users`.
pub(in crate::table) struct User(Arc<Association>);

impl User {
    /// The first one of an association that was just made.
    pub(super) fn first(association: Arc<Association>) -> Self {
        // INVARIANT: It was made with one user.
        Self(association)
    }

    /// One more for whom `association` is there, unless it has ended.
    pub(in crate::table) fn join(association: Arc<Association>) -> Option<Self> {
        if association.add_user() {
            // INVARIANT: Counted.
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
    /// Any context.
    fn drop(&mut self) {
        Association::remove_user(&self.0);
    }
}
