// SPDX-License-Identifier: GPL-2.0

//! The associations there are, by id, and what they have for themselves. May
//! sleep, except for looking up what is reserved.

use core::net::{IpAddr, Ipv4Addr};

use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode};
use kernel::str::CString;
use kernel::sync::atomic::ordering;
use kernel::sync::{rcu, Arc};

use crate::policy::Prefix;
use crate::sys::map::{Entry, InsertError, MapKey};
use crate::sys::rcu_cell::Replaced;
use crate::sys::sysfs::File;

use super::gather::gather;
use super::{AddressSet, Association, Table};

/// Associations by id, the ids that are taken, the last one that was given,
/// and where to look for the next free loopback address.
pub(super) struct Registry {
    listed: RBTree<u32, Listed>,
    // Those of associations that are not listed, too: their sockets have them.
    ids: RBTree<u32, ()>,
    last_id: u32,
    next_loopback: u32,
}

/// An association that is listed, and seen in sysfs.
pub(super) struct Listed {
    association: Arc<Association>,
    _file: File<Association>,
}

/// A dedicated loopback address as a key.
#[derive(Clone, Copy)]
pub(super) struct Loopback(Ipv4Addr);

impl MapKey for Loopback {
    fn word(self) -> usize {
        u32::from(self.0) as usize
    }
}

/// Where dedicated loopback addresses are taken from: 127.64.0.0/10, far from
/// those that people give to things by hand.
const LOOPBACKS: core::ops::RangeInclusive<u32> = 0x7f40_0001..=0x7f7f_fffe;

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            listed: RBTree::new(),
            ids: RBTree::new(),
            last_id: 0,
            next_loopback: *LOOPBACKS.start(),
        }
    }
}

impl Table {
    /// Takes an id that no association has, given up longest ago: after the
    /// last one comes 1, not 0, which as a packet's mark means nobody.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when four billion are taken, `ENOMEM`.
    pub(super) fn take_id(&self) -> Result<u32> {
        let mut registry = self.registry.lock();
        for _ in 0..u32::MAX {
            let id = registry.last_id.checked_add(1).unwrap_or(1);
            registry.last_id = id;
            if registry.ids.get(&id).is_none() {
                let node = RBTreeNode::new(id, (), GFP_KERNEL)?;
                registry.ids.insert(node);
                return Ok(id);
            }
        }
        Err(ENOSPC)
    }

    /// Gives an id back.
    pub(super) fn leave_id(&self, id: u32) {
        self.registry.lock().ids.remove(&id);
    }

    /// Takes the loopback address that was asked for, or one that is free.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when another association has it.
    pub(super) fn take_loopback(&self, asked: Option<Ipv4Addr>) -> Result<Ipv4Addr> {
        let take = |addr| {
            let entry = Entry::new((), GFP_KERNEL).map_err(InsertError::Table)?;
            self.loopbacks.insert(Loopback(addr), entry)
        };
        if let Some(addr) = asked {
            return match take(addr) {
                Ok(()) => Ok(addr),
                Err(InsertError::Occupied) => Err(EADDRINUSE),
                Err(InsertError::Table(error)) => Err(error),
            };
        }
        let mut registry = self.registry.lock();
        for _ in LOOPBACKS {
            let addr = registry.next_loopback;
            registry.next_loopback = match addr.checked_add(1) {
                Some(next) if LOOPBACKS.contains(&next) => next,
                _ => *LOOPBACKS.start(),
            };
            match take(addr.into()) {
                Ok(()) => return Ok(addr.into()),
                Err(InsertError::Occupied) => {}
                Err(InsertError::Table(error)) => return Err(error),
            }
        }
        Err(EADDRINUSE)
    }

    /// Gives a loopback address back.
    pub(super) fn leave_loopback(&self, addr: Ipv4Addr) {
        self.loopbacks.remove(Loopback(addr));
    }

    /// Puts an association on the list.
    pub(super) fn list(&self, association: &Arc<Association>) -> Result {
        let name = CString::try_from_fmt(kernel::prelude::fmt!("{}", association.id()))?;
        let file = File::new(self.by_id.clone(), &name, true, association.clone())?;
        let listed = Listed {
            association: association.clone(),
            _file: file,
        };
        let node = RBTreeNode::new(association.id(), listed, GFP_KERNEL)?;
        self.registry.lock().listed.insert(node);
        if association.reserves() {
            let _alone = self.reserving.lock();
            if let Err(error) = self.renew_reserved(None) {
                self.unlist(association);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes an association off the list, if it is there. Sleeps until readers
    /// of its file are gone.
    fn unlist(&self, association: &Association) -> bool {
        // In a statement of its own: the lock is not held when the file goes.
        let node = self.registry.lock().listed.remove_node(&association.id());
        node.is_some()
    }

    /// An association has neither tasks nor sockets any more. What it had for
    /// itself is free again. Once for each.
    pub(super) fn bury(&self, association: &Association) {
        if self.unlist(association) && association.reserves() {
            let _alone = self.reserving.lock();
            // Without memory, wildcards of the host go on leaving the
            // addresses alone: more than needed, never less.
            let _ = self.renew_reserved(None);
        }
        self.leave_loopback(association.loopback());
        self.leave_id(association.id());
    }

    /// Brings the list of exclusive addresses up to date, with the set that
    /// `coming` is about to get in place of the one it has. Gives back the old
    /// list, to be dropped when that may take a while. `reserving` is held, with
    /// `coming` until it has got it: another renewal would not know of it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, nothing changed.
    pub(super) fn renew_reserved(
        &self,
        coming: Option<(&Association, &[Prefix])>,
    ) -> Result<Replaced<AddressSet>> {
        let registry = self.registry.lock();
        let mut entries = KVec::new();
        for listed in registry.listed.values() {
            let association = &listed.association;
            if !association.reserves() {
                continue;
            }
            match coming {
                Some((other, set)) if other.id() == association.id() => {
                    entries.extend_from_slice(set, GFP_KERNEL)?;
                }
                _ => {
                    let theirs = self.copy_entries(association)?;
                    entries.extend_from_slice(&theirs, GFP_KERNEL)?;
                }
            }
        }
        let any = !entries.is_empty();
        let reserved = KBox::new(AddressSet::new(entries)?, GFP_KERNEL)?;
        let replaced = self.reserved.replace(reserved);
        self.any_reserved.store(any, ordering::Relaxed);
        Ok(replaced)
    }

    /// The associations that are parts of `association`, or of its parts, each
    /// after what it is a part of. May sleep.
    pub(super) fn parts_of(&self, association: &Association) -> Result<KVec<Arc<Association>>> {
        let mut parts = gather(|push| {
            let registry = self.registry.lock();
            for Listed { association: a, .. } in registry.listed.values() {
                if a.depth() > association.depth() && a.is_within(association) {
                    push(a.clone());
                }
            }
        })?;
        parts.sort_unstable_by_key(|part| part.depth());
        Ok(parts)
    }

    /// Whether wildcard sockets of unassociated processes are to leave `addr`
    /// alone. Any context; never sleeps.
    pub(crate) fn is_reserved(&self, addr: IpAddr) -> bool {
        let guard = rcu::read_lock();
        if let IpAddr::V4(v4) = addr {
            if v4.is_loopback() && self.loopbacks.get(Loopback(v4), &guard).is_some() {
                return true;
            }
        }
        self.any_reserved.load(ordering::Relaxed) && self.reserved.get(&guard).view().contains(addr)
    }

    /// The association with this id.
    pub(crate) fn by_id(&self, id: u64) -> Option<Arc<Association>> {
        let id = u32::try_from(id).ok()?;
        let registry = self.registry.lock();
        registry.listed.get(&id).map(|l| l.association.clone())
    }

    /// Ends every association for every task at once.
    pub(super) fn revoke_all(&self) {
        for listed in self.registry.lock().listed.values() {
            listed.association.revoke();
        }
    }

    /// Ends an association and its parts, and theirs, for every task.
    pub(super) fn revoke_within(&self, association: &Association) {
        // It may be off the list already.
        association.revoke();
        for listed in self.registry.lock().listed.values() {
            if listed.association.is_within(association) {
                listed.association.revoke();
            }
        }
    }

    /// Number of associations.
    pub(crate) fn associations(&self) -> usize {
        self.registry.lock().listed.iter().count()
    }

    /// Fills `ids` with ids greater than `after`, in ascending order, up to
    /// its capacity. Returns whether there are more.
    pub(crate) fn ids(&self, after: u64, ids: &mut KVec<u64>) -> bool {
        let registry = self.registry.lock();
        let later = registry.listed.keys().map(|&id| u64::from(id));
        for id in later.skip_while(|&id| id <= after) {
            if ids.push_within_capacity(id).is_err() {
                return true;
            }
        }
        false
    }
}
