// SPDX-License-Identifier: GPL-2.0

//! Defined associations: those that are there without tasks. Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::Terms;

use super::association::Association;
use super::rules::{NewRule, RuleList};
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
        let (association, _first) = self.make_tenant(terms, set, None)?;
        association.define();
        self.put_in_force(&association).inspect_err(|_| {
            Association::undefine(&association);
        })?;
        association.tenant().set_settled();
        association.tenant().end_taking_in();
        Ok(association)
    }

    /// Makes a defined association end with its last task and socket. Returns the number of its
    /// tasks.
    ///
    /// # Errors
    ///
    /// `ENOENT` when no association has this id, `EALREADY` when it is not defined, `EBUSY` when a
    /// rule puts tasks into it, `EPERM` when the caller has become associated.
    pub(crate) fn undefine(&self, id: u64) -> Result<usize> {
        let control = self.control_from_outside()?;
        let association = self.registry().by_id(id).ok_or(ENOENT)?;
        if self.holdings.rules.select_into(&association, &control) {
            return Err(EBUSY);
        }
        if !Association::undefine(&association) {
            return Err(EALREADY);
        }
        let tasks = association.tasks();
        drop(association);
        drop(control);
        self.settle_soon();
        Ok(tasks)
    }

    /// The rules by which tasks become members.
    pub(crate) fn rules(&self) -> Arc<RuleList> {
        self.holdings.rules.list()
    }

    /// Puts rules in force in place of those with this generation, or of any if that is 0. Returns
    /// the generation of the new ones, and the id of the first that was not kept, or 0.
    ///
    /// # Errors
    ///
    /// `ENOENT` when no rule has an id, or no defined association; `EINVAL` when an id comes
    /// twice; `ESTALE` when the generation is another; `ENOSPC` when no ids are left; `EPERM` when
    /// the caller has become associated; `ENOMEM`. Nothing changed.
    pub(crate) fn set_rules(&self, rules: KVVec<NewRule>, wanted: u64) -> Result<(u64, u32)> {
        let mut control = self.control_from_outside()?;
        for rule in &rules {
            if let NewRule::New(_, id) = rule {
                let association = self.registry().by_id((*id).into());
                association.filter(|a| a.is_defined()).ok_or(ENOENT)?;
            }
        }
        self.holdings.rules.replace(rules, wanted, &mut control)
    }
}
