// SPDX-License-Identifier: GPL-2.0

//! The addresses that an association has, and those that left its set. Context: any,
//! except for copying them.

use kernel::prelude::*;
use kernel::sync::rcu;

use super::Association;
use crate::abi::Terms;
use crate::policy::{Owner, Prefix, SetView};
use crate::sys::choice;
use crate::sys::ranged::Ranged;
use crate::sys::rcu_cell::{RcuCell, Replaced};
use crate::sys::slot::HasSet;
use crate::table::control::Control;
use crate::table::gather::gather;
use crate::table::keys::{Findable, Keys};
use crate::table::set::{AddressSet, Details};

impl HasSet for Association {
    type Rest = Details;

    fn set_cell(&self) -> &RcuCell<Ranged<Details>> {
        &self.set
    }
}

impl Association {
    /// Its present address set.
    pub(crate) fn set<'g>(&'g self, guard: &'g rcu::Guard) -> &'g AddressSet {
        self.set.get(guard)
    }

    /// Its former addresses: those that left the set.
    fn former<'g>(&'g self, guard: &'g rcu::Guard) -> SetView<'g> {
        let former = self.former.get(guard);
        former.map_or(SetView::EMPTY, AddressSet::view)
    }

    /// What it owns now, as the decisions see it.
    pub(crate) fn owner<'g>(&'g self, guard: &'g rcu::Guard) -> Owner<'g> {
        let on = self.loopback_owner();
        Owner {
            id: self.id,
            loopback_of: on.id,
            // Read before `former`: an update adds an address to `former` before it
            // removes it from the set, so a reader that misses it here finds it
            // there.
            set: self.set(guard).view(),
            former: self.former(guard),
            loopback: self.terms.loopback,
            host_loopback: on.terms.host_loopback,
            exclusive: self.terms.exclusive,
        }
    }

    /// A set that may be put in place. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn findable(&self, set: AddressSet, keys: &Keys) -> Result<Findable> {
        match self.part_of {
            Some(_) => keys.of_part(set),
            None => keys.of_tenant(set, self.id, self.terms.loopback),
        }
    }

    /// Puts another set in place and returns the old one. Never sleeps.
    pub(in crate::table) fn replace_set(
        &self,
        set: Findable,
        _control: &mut Control,
    ) -> Replaced<AddressSet> {
        let replaced = self.set.replace(set.into_set());
        choice::forget();
        replaced
    }

    /// Puts other former addresses in place and returns the old ones. Never sleeps.
    pub(in crate::table) fn replace_former(
        &self,
        former: Option<KBox<AddressSet>>,
        _control: &mut Control,
    ) -> Option<Replaced<AddressSet>> {
        self.former.replace(former)
    }

    /// Whether it has former addresses, on which it may have connections.
    pub(in crate::table) fn has_former(&self) -> bool {
        self.former.is_some()
    }

    /// Whether it has this set and these terms; any dedicated loopback address if none is asked
    /// for.
    pub(in crate::table) fn is_like(&self, terms: &Terms, set: &AddressSet) -> bool {
        let terms = Terms {
            loopback: terms.loopback.or(self.terms.loopback),
            ..*terms
        };
        let guard = rcu::read_lock();
        terms == self.terms && self.set(&guard).entries() == set.entries()
    }

    /// Whether its set contains any of these addresses.
    pub(in crate::table) fn has_any_of(&self, set: &AddressSet) -> bool {
        let guard = rcu::read_lock();
        self.set(&guard).view().intersects(&set.view(), true, true)
    }

    /// Whether any of these is one of its former addresses.
    pub(in crate::table) fn had_any_of(&self, set: &AddressSet) -> bool {
        let guard = rcu::read_lock();
        self.former(&guard).intersects(&set.view(), true, true)
    }

    /// A copy of its former addresses. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn copy_former(&self) -> Result<AddressSet> {
        AddressSet::copy(|visit| {
            if let Some(former) = self.former.get(&rcu::read_lock()) {
                visit(former);
            }
        })
    }

    /// A copy of the addresses of its set. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::table) fn copy_set(&self) -> Result<AddressSet> {
        AddressSet::copy(|visit| visit(self.set(&rcu::read_lock())))
    }

    /// A copy of the entries of its set, as they were given.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn copy_entries(&self) -> Result<KVec<Prefix>> {
        gather(|push| {
            let guard = rcu::read_lock();
            let set = self.set(&guard);
            set.entries().iter().for_each(|&entry| push(entry));
        })
    }
}
