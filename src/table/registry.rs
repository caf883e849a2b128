// SPDX-License-Identifier: GPL-2.0

//! The associations there are, by id. What is done with the lock held is short,
//! and does not sleep: a tenant's process may hold it, which has a processor only
//! when nobody else wants one.

use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode, RBTreeNodeReservation};
use kernel::str::CString;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::Arc;

use crate::sys::sysfs::File;

use super::gather::gather;
use super::{Association, Table};

/// How many associations are looked at before the lock is let go of.
const CHUNK: usize = 256;

/// Associations by id, the ids that are taken, and the last one that was given.
pub(super) struct Registry {
    listed: RBTree<u32, Listed>,
    // Those of associations that are not listed, too: their sockets have them.
    ids: RBTree<u32, ()>,
    last_id: u32,
    // Of those that are listed; read without the lock.
    count: Arc<Atomic<usize>>,
}

/// An association that is listed, and seen in sysfs.
struct Listed {
    association: Arc<Association>,
    _file: File<Association>,
}

/// An association on its way to the list. To drop it sleeps until readers of its
/// file are gone.
pub(super) struct Listing(RBTreeNode<u32, Listed>);

impl Registry {
    /// An empty one, which counts in `count` what is listed.
    pub(super) fn new(count: Arc<Atomic<usize>>) -> Self {
        Self {
            listed: RBTree::new(),
            ids: RBTree::new(),
            last_id: 0,
            count,
        }
    }

    /// Puts an association on the list.
    pub(super) fn insert(&mut self, listing: Listing) {
        // No other has its id.
        let _ = self.listed.insert(listing.0);
        self.count.add(1_usize, ordering::Relaxed);
    }
}

impl Table {
    /// Takes an id that no association has, given up longest ago: after the
    /// last one comes 1, not 0, which as a packet's mark means nobody. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when four billion are taken, `ENOMEM`.
    pub(super) fn take_id(&self) -> Result<u32> {
        let reservation = RBTreeNodeReservation::new(GFP_KERNEL)?;
        let mut registry = self.registry.lock();
        for _ in 0..u32::MAX {
            let id = registry.last_id.checked_add(1).unwrap_or(1);
            registry.last_id = id;
            if registry.ids.get(&id).is_none() {
                let _ = registry.ids.insert(reservation.into_node(id, ()));
                return Ok(id);
            }
        }
        Err(ENOSPC)
    }

    /// Gives an id back.
    pub(super) fn leave_id(&self, id: u32) {
        self.registry.lock().ids.remove(&id);
    }

    /// What it takes to list an association: its file is there from now on. May
    /// sleep, as every use of sysfs may.
    pub(super) fn listing(&self, association: &Arc<Association>) -> Result<Listing> {
        let name = CString::try_from_fmt(kernel::prelude::fmt!("{}", association.id()))?;
        let file = File::new(self.by_id.clone(), &name, true, association.clone())?;
        let listed = Listed {
            association: association.clone(),
            _file: file,
        };
        let node = RBTreeNode::new(association.id(), listed, GFP_KERNEL)?;
        Ok(Listing(node))
    }

    /// Takes an association off the list, and tells whether it was there. Sleeps
    /// until readers of its file are gone.
    pub(super) fn unlist(&self, association: &Association) -> bool {
        // In a statement of its own: the lock is not held when the file goes.
        let node = self.registry.lock().listed.remove_node(&association.id());
        if node.is_some() {
            self.listed.fetch_sub(1_usize, ordering::Relaxed);
        }
        node.is_some()
    }

    /// Calls `visit` with each association that is listed, by ascending id from
    /// `first` on, until it returns `false`. `visit` must not sleep: the registry
    /// is locked, though not all the while.
    fn each_from(&self, first: u32, mut visit: impl FnMut(&Arc<Association>) -> bool) {
        let mut next = first;
        loop {
            let mut registry = self.registry.lock();
            let mut cursor = registry.listed.cursor_lower_bound_mut(&next);
            for _ in 0..CHUNK {
                let Some(at) = cursor else { return };
                let (&id, listed) = at.current();
                if !visit(&listed.association) || id == u32::MAX {
                    return;
                }
                next = id + 1;
                cursor = at.move_next();
            }
        }
    }

    /// Calls `visit` with each association that is listed. `visit` must not sleep.
    pub(super) fn each_listed(&self, mut visit: impl FnMut(&Arc<Association>)) {
        self.each_from(0, |association| {
            visit(association);
            true
        });
    }

    /// The associations that are parts of `association`, or of its parts, each
    /// after what it is a part of. Those that are made meanwhile may be left out:
    /// see `begin_update`. May sleep.
    pub(super) fn parts_of(&self, association: &Association) -> Result<KVec<Arc<Association>>> {
        if association.root().has_no_parts() {
            return Ok(KVec::new());
        }
        let mut parts = gather(|push| {
            self.each_listed(|a| {
                if a.depth() > association.depth() && a.is_within(association) {
                    push(a.clone());
                }
            });
        })?;
        parts.sort_unstable_by_key(|part| part.depth());
        Ok(parts)
    }

    /// The association with this id.
    pub(crate) fn by_id(&self, id: u64) -> Option<Arc<Association>> {
        let id = u32::try_from(id).ok()?;
        let registry = self.registry.lock();
        registry.listed.get(&id).map(|l| l.association.clone())
    }

    /// Ends every association that is listed for every task at once.
    pub(super) fn revoke_all(&self) {
        self.each_listed(|association| association.revoke());
    }

    /// Ends an association and its parts, and theirs, for every task. No part is
    /// listed that is not ended as well.
    pub(super) fn revoke_within(&self, association: &Association) {
        {
            // A call that lists a part sees this, or the part is found below.
            let _registry = self.registry.lock();
            association.revoke();
        }
        if association.root().has_no_parts() {
            return;
        }
        self.each_listed(|other| {
            if other.is_within(association) {
                other.revoke();
            }
        });
    }

    /// Number of associations. Any context: everybody may ask.
    pub(crate) fn associations(&self) -> usize {
        self.listed.load(ordering::Relaxed)
    }

    /// Fills `ids` with ids greater than `after`, in ascending order, up to
    /// its capacity. Returns whether there are more.
    pub(crate) fn ids(&self, after: u64, ids: &mut KVec<u64>) -> bool {
        let Some(first) = u32::try_from(after).ok().and_then(|id| id.checked_add(1)) else {
            return false;
        };
        let mut more = false;
        self.each_from(first, |association| {
            more = ids.push_within_capacity(association.id().into()).is_err();
            !more
        });
        more
    }
}
