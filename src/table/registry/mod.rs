// SPDX-License-Identifier: GPL-2.0

//! The list of associations, by id. Work with the lock held is short and never
//! sleeps: the holder may be a tenant's process that gets a processor only when no
//! other task wants one.

mod names;
mod walk;

use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode, RBTreeNodeReservation};
use kernel::str::CString;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{new_spinlock, rcu, Arc, SpinLock};

use crate::abi::Name;
use crate::protocol;
use crate::sys::sysfs::{Dir, File};

use super::association::Association;
use super::members::Members;
use super::shown::Shown;
use super::tenant::Tenant;

/// The list of associations.
#[pin_data]
pub(crate) struct Registry {
    // Private to this file: with it held nothing sleeps, and no other lock is taken.
    #[pin]
    lists: SpinLock<Lists>,
    // Number of listed associations; read without the lock.
    count: Atomic<usize>,
    // The directory of their files in sysfs, and the tasks that cannot read these.
    by_id: Arc<Dir>,
    members: Arc<Members>,
}

/// Associations by id, the ids that are taken, and the id that was taken last.
struct Lists {
    listed: RBTree<u32, Listed>,
    // The ids of those that have a name and are not parts.
    names: RBTree<Name, u32>,
    // Also those of associations that are no longer listed: their sockets carry them.
    ids: RBTree<u32, ()>,
    last_id: u32,
}

/// A listed association, and its file in sysfs.
struct Listed {
    association: Arc<Association>,
    _file: File<Shown>,
}

/// An association that is ready to be listed. Dropping it sleeps until readers of its
/// file are gone.
pub(super) struct Listing {
    id: u32,
    node: RBTreeNode<u32, Listed>,
    // For the list of names, unless it has none there.
    name: Option<(Name, RBTreeNodeReservation<Name, u32>)>,
}

/// As long as this lives, no part of a tenant is made, and no other call changes its
/// sets.
///
/// # Invariants
///
/// The caller that made this has set the tenant's `updating`.
pub(super) struct Updating<'a> {
    registry: &'a Registry,
    tenant: &'a Tenant,
}

impl Drop for Updating<'_> {
    fn drop(&mut self) {
        let _lists = self.registry.lists.lock();
        self.tenant.set_updating(false);
    }
}

impl Registry {
    /// An empty list, which shows associations as files in `by_id` to tasks that are
    /// not `members` of any.
    pub(super) fn new(by_id: Arc<Dir>, members: Arc<Members>) -> impl PinInit<Self> {
        pin_init!(Self {
            lists <- new_spinlock!(Lists {
                listed: RBTree::new(),
                names: RBTree::new(),
                ids: RBTree::new(),
                last_id: 0,
            }),
            count: Atomic::new(0),
            by_id,
            members,
        })
    }

    /// Takes the next id that no association has. After the largest comes 1: as a
    /// packet's mark, 0 means no association. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when four billion are taken, `ENOMEM`.
    pub(super) fn take_id(&self) -> Result<u32> {
        let reservation = RBTreeNodeReservation::new(GFP_KERNEL)?;
        let mut lists = self.lists.lock();
        for _ in 0..u32::MAX {
            let id = lists.last_id.checked_add(1).unwrap_or(1);
            lists.last_id = id;
            if lists.ids.get(&id).is_none() {
                let _ = lists.ids.insert(reservation.into_node(id, ()));
                return Ok(id);
            }
        }
        Err(ENOSPC)
    }

    /// Gives an id back.
    pub(super) fn leave_id(&self, id: u32) {
        self.lists.lock().ids.remove(&id);
    }

    /// Prepares to list an association, and makes its file in sysfs.
    /// Context: process, may sleep.
    pub(super) fn listing(&self, association: &Arc<Association>) -> Result<Listing> {
        let name = CString::try_from_fmt(kernel::prelude::fmt!("{}", association.id()))?;
        let shown = Arc::new(
            Shown::new(association.clone(), self.members.clone()),
            GFP_KERNEL,
        )?;
        let file = File::new(self.by_id.clone(), &name, true, shown)?;
        let listed = Listed {
            association: association.clone(),
            _file: file,
        };
        let id = association.id();
        let node = RBTreeNode::new(id, listed, GFP_KERNEL)?;
        let named = association.terms().name;
        let name = match named.is_empty() || association.depth() > 0 {
            true => None,
            false => Some((named, RBTreeNodeReservation::new(GFP_KERNEL)?)),
        };
        Ok(Listing { id, node, name })
    }

    /// Puts an association on the list.
    ///
    /// # Errors
    ///
    /// `ENOTUNIQ` when another has its name, which is defined or has tasks.
    pub(super) fn list(&self, listing: Listing) -> Result {
        // A statement of its own: the lock is released before a file is removed.
        let refused = self.try_list(listing);
        refused.map_or(Ok(()), |_listing| Err(ENOTUNIQ))
    }

    /// Returns `listing` if another association has the name.
    fn try_list(&self, listing: Listing) -> Option<Listing> {
        let mut lists = self.lists.lock();
        match &listing.name {
            Some((name, _)) if lists.permit_name(name).is_err() => Some(listing),
            _ => {
                self.insert(&mut lists, listing);
                None
            }
        }
    }

    /// Fails with `EPERM` unless the set of a part is within that of `present`, which may change
    /// while the registry is not locked.
    pub(super) fn permit_part(&self, present: &Association, part: &Association) -> Result {
        let guard = rcu::read_lock();
        let view = present.set(&guard).view();
        match part.set(&guard).entries().iter().all(|e| view.covers(e)) {
            true => Ok(()),
            false => Err(EPERM),
        }
    }

    /// Lists a part of `present` if [`protocol::may_list`] permits it: a call that changes
    /// or ends `present` finds the part on the list, or its change is seen here. Takes
    /// `listing` then.
    ///
    /// # Errors
    ///
    /// `EPERM` when the set of the part is not within the present one.
    pub(super) fn list_part(
        &self,
        present: &Association,
        part: &Association,
        listing: &mut Option<Listing>,
    ) -> Result<protocol::Listing> {
        let mut lists = self.lists.lock();
        let tenant = present.tenant();
        let verdict = protocol::may_list(part.is_ended(), tenant.is_formed(), tenant.is_updating());
        if verdict != protocol::Listing::Listed {
            return Ok(verdict);
        }
        self.permit_part(present, part)?;
        if let Some(listing) = listing.take() {
            self.insert(&mut lists, listing);
        }
        Ok(verdict)
    }

    fn insert(&self, lists: &mut Lists, listing: Listing) {
        // Ids are unique, and another that had the name is no longer found by it.
        if let Some((name, node)) = listing.name {
            let _ = lists.names.insert(node.into_node(name, listing.id));
        }
        let _ = lists.listed.insert(listing.node);
        self.count.add(1_usize, ordering::Relaxed);
    }

    /// Takes an association off the list. Returns whether it was there. Sleeps until
    /// readers of its file are gone.
    pub(super) fn unlist(&self, association: &Association) -> bool {
        // A call of its own: the lock is released before the file is removed.
        let node = self.take_off(association);
        if node.is_some() {
            self.count.fetch_sub(1_usize, ordering::Relaxed);
        }
        node.is_some()
    }

    fn take_off(&self, association: &Association) -> Option<RBTreeNode<u32, Listed>> {
        let mut lists = self.lists.lock();
        let (name, id) = (association.terms().name, association.id());
        if lists.names.get(&name) == Some(&id) {
            let _ = lists.names.remove_node(&name);
        }
        lists.listed.remove_node(&id)
    }

    /// Makes narrowing wait as long as the result lives. `None` when an update of the
    /// same tenant is in progress.
    pub(super) fn try_begin_update<'a>(
        &'a self,
        association: &'a Association,
    ) -> Option<Updating<'a>> {
        let tenant = association.tenant();
        let _lists = self.lists.lock();
        if tenant.is_updating() {
            return None;
        }
        tenant.set_updating(true);
        // INVARIANT: `updating` was set above.
        Some(Updating {
            registry: self,
            tenant,
        })
    }

    /// The association with this id.
    pub(crate) fn by_id(&self, id: u64) -> Option<Arc<Association>> {
        let id = u32::try_from(id).ok()?;
        let lists = self.lists.lock();
        lists.listed.get(&id).map(|l| l.association.clone())
    }

    /// Ends every listed association, for every task at once, also if it is defined.
    pub(super) fn revoke_all(&self) {
        self.each(|association| {
            Association::undefine(association);
            association.revoke();
        });
    }

    /// Ends every listed part for which that is due, as the tasks of its whole were released.
    pub(super) fn revoke_ended(&self) {
        self.each(|association| {
            if association.is_ended() {
                association.revoke();
            }
        });
    }

    /// Ends an association, its parts and theirs, for every task. After this no part
    /// is listed that is not ended.
    pub(super) fn revoke_within(&self, association: &Association) {
        {
            // Either a call that lists a part sees this, or the part is found below.
            let _lists = self.lists.lock();
            association.revoke();
        }
        if association.tenant().has_no_parts() {
            return;
        }
        // A task may enter the association now, and narrow itself: that part stays.
        self.revoke_ended();
    }

    /// Number of associations. Context: any. Every process may read it.
    pub(crate) fn count(&self) -> usize {
        self.count.load(ordering::Relaxed)
    }
}
