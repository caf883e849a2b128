// SPDX-License-Identifier: GPL-2.0

//! Defined associations: those that are there without tasks. Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::Terms;

use super::association::Association;
use super::set::AddressSet;
use super::tenants::Tenants;

impl Tenants {
    /// Defines an association.
    ///
    /// # Errors
    ///
    /// `ENOTUNIQ` when another has its name; `EADDRINUSE` when the loopback address is taken, or
    /// none is free; `EPERM` when the caller has become associated; `ENOSPC` when no ids are
    /// left; `ENODEV` when the module is being unloaded; `ENOMEM`. Nothing changed, except that
    /// connections of former owners of the addresses may have ended.
    pub(crate) fn define(&self, terms: Terms, set: AddressSet) -> Result<Arc<Association>> {
        let (association, _first) = self.make_tenant(terms, set)?;
        association.define();
        self.put_in_force(&association).inspect_err(|_| {
            Association::undefine(&association);
        })?;
        Ok(association)
    }

    /// Makes a defined association end with its last task and socket. Returns the number of its
    /// tasks.
    ///
    /// # Errors
    ///
    /// `ENOENT` when no association has this id, `EALREADY` when it is not defined, `EPERM`
    /// when the caller has become associated.
    pub(crate) fn undefine(&self, id: u64) -> Result<usize> {
        let control = self.control_from_outside()?;
        let association = self.registry().by_id(id).ok_or(ENOENT)?;
        if !Association::undefine(&association) {
            return Err(EALREADY);
        }
        let tasks = association.tasks();
        drop(association);
        drop(control);
        self.settle_soon();
        Ok(tasks)
    }
}
