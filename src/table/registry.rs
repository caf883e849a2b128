// SPDX-License-Identifier: GPL-2.0

//! The associations there are, by id. May sleep.

use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode};
use kernel::str::CString;
use kernel::sync::Arc;

use crate::sys::module::ModuleRef;
use crate::sys::sysfs::File;

use super::{Association, Table};

/// Associations by id, and the last id that was given.
pub(super) struct Registry {
    listed: RBTree<u64, Listed>,
    last_id: u64,
}

/// An association that is listed: seen in sysfs, and a reason for the module
/// to stay.
pub(super) struct Listed {
    association: Arc<Association>,
    _file: File<Association>,
    _module: ModuleRef,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            listed: RBTree::new(),
            last_id: 0,
        }
    }
}

impl Table {
    /// An id that was never given before.
    pub(super) fn new_id(&self) -> u64 {
        let mut registry = self.registry.lock();
        registry.last_id += 1;
        registry.last_id
    }

    /// Puts an association on the list.
    pub(super) fn list(&self, association: &Arc<Association>) -> Result {
        let module = ModuleRef::get(self.module)?;
        let name = CString::try_from_fmt(kernel::prelude::fmt!("{}", association.id()))?;
        let file = File::new(self.by_id.clone(), &name, true, association.clone())?;
        let listed = Listed {
            association: association.clone(),
            _file: file,
            _module: module,
        };
        let node = RBTreeNode::new(association.id(), listed, GFP_KERNEL)?;
        self.registry.lock().listed.insert(node);
        Ok(())
    }

    /// Takes an association off the list, if it is there. Sleeps until readers
    /// of its file are gone.
    pub(super) fn unlist(&self, id: u64) -> Option<Arc<Association>> {
        // In a statement of its own: the lock is not held when the file goes.
        let node = self.registry.lock().listed.remove_node(&id);
        let (_, listed) = node?.to_key_value();
        Some(listed.association.clone())
    }

    /// The association with this id.
    pub(crate) fn by_id(&self, id: u64) -> Option<Arc<Association>> {
        let registry = self.registry.lock();
        registry.listed.get(&id).map(|l| l.association.clone())
    }

    /// Number of associations.
    pub(crate) fn associations(&self) -> usize {
        self.registry.lock().listed.iter().count()
    }

    /// Fills `ids` with ids greater than `after`, in ascending order, up to
    /// its capacity. Returns whether there are more.
    pub(crate) fn ids(&self, after: u64, ids: &mut KVec<u64>) -> bool {
        let registry = self.registry.lock();
        let later = registry.listed.keys().skip_while(|&&id| id <= after);
        for &id in later {
            if ids.push_within_capacity(id).is_err() {
                return true;
            }
        }
        false
    }
}
