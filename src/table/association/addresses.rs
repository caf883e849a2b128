// SPDX-License-Identifier: GPL-2.0

//! The addresses that an association has, and those that left its set. Any context,
//! except for copying them.

use kernel::prelude::*;
use kernel::sync::rcu;

use super::Association;
use crate::policy::{Owner, Prefix};
use crate::sys::rcu_cell::Replaced;
use crate::table::control::Control;
use crate::table::gather::gather;
use crate::table::set::AddressSet;

impl Association {
    /// Its address set at present.
    pub(crate) fn set<'g>(&'g self, guard: &'g rcu::Guard) -> &'g AddressSet {
        self.set.get(guard)
    }

    /// What was in the set once, and is in it no more.
    fn former<'g>(&'g self, guard: &'g rcu::Guard) -> &'g AddressSet {
        self.former.get(guard)
    }

    /// What it owns at present, as the decisions see it.
    pub(crate) fn owner<'g>(&'g self, guard: &'g rcu::Guard) -> Owner<'g> {
        Owner {
            id: self.id,
            // Before what was: an address leaves the set after it is there.
            set: self.set(guard).view(),
            former: self.former(guard).view(),
            loopback: self.terms.loopback,
            exclusive: self.terms.exclusive,
        }
    }

    /// Puts another set in place. Gives back the old one. Does not sleep.
    pub(in crate::table) fn replace_set(
        &self,
        set: KBox<AddressSet>,
        _control: &mut Control,
    ) -> Replaced<AddressSet> {
        self.set.replace(set)
    }

    /// Puts another set of former members in place. Gives back the old one. Does
    /// not sleep.
    pub(in crate::table) fn replace_former(
        &self,
        former: KBox<AddressSet>,
        _control: &mut Control,
    ) -> Replaced<AddressSet> {
        self.former.replace(former)
    }

    /// Whether it has lost addresses on which it may have connections.
    pub(in crate::table) fn has_former(&self) -> bool {
        !self.former(&rcu::read_lock()).is_empty()
    }

    /// Whether it has any of these addresses.
    pub(in crate::table) fn has_any_of(&self, set: &AddressSet) -> bool {
        let guard = rcu::read_lock();
        self.set(&guard).view().intersects(&set.view(), true, true)
    }

    /// Whether it once had any of these addresses, and has it no more.
    pub(in crate::table) fn had_any_of(&self, set: &AddressSet) -> bool {
        let guard = rcu::read_lock();
        self.former(&guard)
            .view()
            .intersects(&set.view(), true, true)
    }

    /// A copy of what it once had. May sleep. `ENOMEM`.
    pub(in crate::table) fn copy_former(&self) -> Result<AddressSet> {
        AddressSet::copy(|visit| visit(self.former(&rcu::read_lock())))
    }

    /// A copy of the addresses of its set. May sleep. `ENOMEM`.
    pub(in crate::table) fn copy_set(&self) -> Result<AddressSet> {
        AddressSet::copy(|visit| visit(self.set(&rcu::read_lock())))
    }

    /// A copy of the entries of its set, as they were given. May sleep. `ENOMEM`.
    pub(crate) fn copy_entries(&self) -> Result<KVec<Prefix>> {
        gather(|push| {
            let guard = rcu::read_lock();
            let set = self.set(&guard);
            set.entries().iter().for_each(|&entry| push(entry));
        })
    }
}
