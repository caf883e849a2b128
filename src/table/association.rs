// SPDX-License-Identifier: GPL-2.0

//! What a group of tasks shares, and a task's part in it.

use core::fmt::{self, Write as _};

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;
use kernel::workqueue::{impl_has_work, new_work, Work, WorkItem};

use crate::abi::Name;
use crate::sys::sysfs::{Page, Show};

use super::set::AddressSet;

/// An association: id, name, address set, and how many tasks it has.
///
/// It comes to be with its first task, takes no new ones once the last is gone
/// or it was revoked, and is then taken off the list by its work item.
#[pin_data]
pub(crate) struct Association {
    id: u64,
    name: Name,
    set: AddressSet,
    // Memberships there are. Never rises from zero.
    tasks: Atomic<usize>,
    // Ended from outside: whatever memberships are left do not count.
    revoked: Atomic<bool>,
    #[pin]
    reap: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Association { self.reap }
}

impl Association {
    /// An association with a first membership, which keeps it from going
    /// before there is a task. May sleep.
    pub(super) fn new(id: u64, name: Name, set: AddressSet) -> Result<(Arc<Self>, Membership)> {
        let association = Arc::pin_init(
            pin_init!(Self {
                id,
                name,
                set,
                tasks: Atomic::new(1),
                revoked: Atomic::new(false),
                reap <- new_work!("Association::reap"),
            }),
            GFP_KERNEL,
        )?;
        // INVARIANT: It is the one counted above.
        let first = Membership(association.clone());
        Ok((association, first))
    }

    /// Its id: never 0, never given twice.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Its name, or the empty name.
    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// Its address set.
    pub(crate) fn set(&self) -> &AddressSet {
        &self.set
    }

    /// How many tasks it has, those that exit this moment included.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.load(ordering::Relaxed)
    }

    /// Ends it for every task at once.
    pub(super) fn revoke(&self) {
        self.revoked.store(true, ordering::Relaxed);
    }
}

impl WorkItem for Association {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        if let Some(table) = super::get() {
            table.unlist(this.id);
        }
    }
}

/// What `by-id/ID` in sysfs shows. Of a set that does not fit in a page the
/// first entries are followed by `...`; the ioctl tells all.
impl Show for Association {
    fn show(&self, out: &mut Page<'_>) -> fmt::Result {
        // The longest entry, "...", blanks and the end of the line.
        const ROOM: usize = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".len() + 8;

        let (id, name, tasks) = (self.id, self.name.as_str(), self.tasks());
        core::write!(out, "id: {id}\nname: {name}\ntasks: {tasks}\naddresses:")?;
        for entry in self.set.entries() {
            if out.room() < ROOM {
                core::write!(out, " ...")?;
                break;
            }
            core::write!(out, " {entry}")?;
        }
        core::writeln!(out)
    }
}

/// A task's part in an association.
///
/// # Invariants
///
/// Counted in the association's `tasks`.
pub(super) struct Membership(Arc<Association>);

impl Membership {
    /// One more task for `association`, unless it has ended. Any context.
    pub(super) fn join(association: Arc<Association>) -> Option<Self> {
        let mut tasks = association.tasks.load(ordering::Relaxed);
        loop {
            if tasks == 0 || association.revoked.load(ordering::Relaxed) {
                return None;
            }
            match association
                .tasks
                .cmpxchg(tasks, tasks + 1, ordering::Relaxed)
            {
                // INVARIANT: Counted.
                Ok(_) => return Some(Self(association)),
                Err(now) => tasks = now,
            }
        }
    }

    /// Whether this is a part in `association`.
    pub(super) fn is_of(&self, association: &Association) -> bool {
        core::ptr::eq(&*self.0, association)
    }

    /// The association, unless it was revoked.
    pub(super) fn association(&self) -> Option<Arc<Association>> {
        (!self.0.revoked.load(ordering::Relaxed)).then(|| self.0.clone())
    }
}

impl Drop for Membership {
    /// Any context.
    fn drop(&mut self) {
        if self.0.tasks.fetch_sub(1, ordering::Full) == 1 {
            if let Some(table) = super::get() {
                // It is queued once only: the count does not rise from zero.
                let _ = table.queue.enqueue(self.0.clone());
            }
        }
    }
}
