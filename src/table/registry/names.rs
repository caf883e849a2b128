// SPDX-License-Identifier: GPL-2.0

//! Associations by name: those that were made from outside. A name is that of one at a time;
//! one without tasks that is not defined, of which only sockets are left, loses it.

use kernel::prelude::*;
use kernel::sync::Arc;

use super::{Lists, Registry};
use crate::abi::Name;
use crate::table::association::Association;

impl Lists {
    /// The association with this name.
    fn named(&self, name: &Name) -> Option<&Arc<Association>> {
        let listed = self.listed.get(self.names.get(name)?)?;
        Some(&listed.association)
    }

    /// Whether an association may be given this name. The empty one is never on the list.
    ///
    /// # Errors
    ///
    /// `ENOTUNIQ`.
    pub(super) fn permit_name(&self, name: &Name) -> Result {
        let keeps =
            |association: &Arc<Association>| association.is_defined() || association.tasks() > 0;
        match self.named(name).is_some_and(keeps) {
            true => Err(ENOTUNIQ),
            false => Ok(()),
        }
    }
}

impl Registry {
    /// The association with this name, which is not that of a part.
    pub(crate) fn by_name(&self, name: &Name) -> Option<Arc<Association>> {
        self.lists.lock().named(name).cloned()
    }

    /// Whether an association may be given this name now.
    ///
    /// # Errors
    ///
    /// `ENOTUNIQ` when another has it, which is defined or has tasks.
    pub(in crate::table) fn permit_name(&self, name: &Name) -> Result {
        self.lists.lock().permit_name(name)
    }
}
