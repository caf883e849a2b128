// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association whose tasks run. May sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{Change, MAX_ADDRS};
use crate::policy::Prefix;
use crate::sys::rcu_cell::Replaced;

use super::association::Association;
use super::former::Formers;
use super::registry::Updating;
use super::set::AddressSet;
use super::tenants::Tenants;
use super::{former, leftover, patience};

/// What an update puts in place.
struct Coming {
    association: Arc<Association>,
    set: KBox<AddressSet>,
    former: KBox<AddressSet>,
}

/// What a reset needs, of an association and its parts: their ids, and nothing to be
/// put in place of what they had.
struct Forgetting {
    ids: KVec<u32>,
    nothing: Formers,
    replaced: KVec<Replaced<AddressSet>>,
}

impl Tenants {
    /// Changes the set of an association. `reset` ends its connections, and those
    /// of its parts, on addresses that are not in their sets any more, wherever
    /// their descriptors are. Returns how many were ended. Connections of others on
    /// what comes end in any case, where it was theirs once.
    ///
    /// # Errors
    ///
    /// `EEXIST` when an entry to add is there, `ENOENT` when one to remove is
    /// not, `EINVAL` when none would be left, `E2BIG` when too many, `EPERM`
    /// when the caller is associated by now, `ENOMEM`; nothing changed.
    pub(crate) fn update(
        &self,
        association: &Arc<Association>,
        change: Change,
        given: KVec<Prefix>,
        reset: bool,
    ) -> Result<u64> {
        let _updating = self.begin_update(association)?;
        let entries = Self::changed(association, change, given)?;
        if entries.is_empty() {
            return Err(EINVAL);
        }
        if entries.len() > usize::try_from(MAX_ADDRS)? {
            return Err(E2BIG);
        }
        let mut copy = KVec::new();
        copy.extend_from_slice(&entries, GFP_KERNEL)?;
        let added = AddressSet::new(copy)?.without(&association.copy_set()?)?;
        // What takes memory before anything is done.
        let forgetting = match reset {
            true => Some(self.forgetting(association)?),
            false => None,
        };
        // While they can still say goodbye. After the change they cannot go on.
        leftover::end_predecessors(&self.holdings, association, &added)?;
        let replaced = self.put_in_place(association, entries, &added)?;
        // Nobody decides by the old sets any more after this.
        self.waiting.drop_soon(replaced);
        let Some(forgetting) = forgetting else {
            return Ok(0);
        };
        let ended = leftover::end_of(&self.holdings, association, &forgetting.ids);
        // Whatever was not found, or is locked, ends here.
        self.waiting.drop_soon(self.carry_out(forgetting));
        Ok(ended)
    }

    /// Waits until no other update of the same tenant goes on, and has narrowing
    /// wait until this one has ended.
    ///
    /// # Errors
    ///
    /// `ERESTARTNOINTR` when a signal comes meanwhile.
    fn begin_update<'a>(&'a self, association: &'a Association) -> Result<Updating<'a>> {
        loop {
            if let Some(updating) = self.registry().try_begin_update(association) {
                return Ok(updating);
            }
            patience::pause()?;
        }
    }

    /// Puts the sets in place of an association that is to have `entries`, of which
    /// `added` is new, and of its parts. Gives back the old ones.
    fn put_in_place(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
        added: &AddressSet,
    ) -> Result<KVec<Replaced<AddressSet>>> {
        let mut control = self.control_from_outside()?;
        let registry = self.registry();
        // Everything that takes memory first: what comes after cannot fail.
        let mut all = self.prepare(association, entries)?;
        let others = Formers::disinheriting(&control, registry, association, added)?;
        let room = 2 * all.len() + 1 + others.len();
        let mut replaced = KVec::with_capacity(room, GFP_KERNEL)?;
        if association.reserves() {
            let coming = Some((&**association, all[0].set.entries()));
            let reserved = &self.holdings.reserved;
            let old = reserved.renew(&mut control, registry, coming)?;
            let _ = replaced.push_within_capacity(old);
        }
        others.carry_out(&mut control, &mut replaced);
        // Parts before what they are parts of: none keeps, not for a moment,
        // what the whole has lost. All before the first wait, which is one for
        // all.
        while let Some(coming) = all.pop() {
            // In this order: a reader that sees an address gone sees that it was there.
            let changing = &coming.association;
            let old = former::replace(&mut control, changing, coming.former);
            // There is room, made above.
            let _ = replaced.push_within_capacity(old);
            let old = changing.replace_set(coming.set, &mut control);
            let _ = replaced.push_within_capacity(old);
        }
        Ok(replaced)
    }

    /// What `association` is to have, and each of its parts, and theirs, after
    /// what it is a part of: of what leaves the whole nothing stays in a part.
    fn prepare(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
    ) -> Result<KVec<Coming>> {
        let parts = self.registry().parts_of(association)?;
        let mut all = KVec::with_capacity(parts.len() + 1, GFP_KERNEL)?;
        all.push(Self::coming(association, entries)?, GFP_KERNEL)?;
        for part in parts {
            let is_whole = |c: &&Coming| part.is_part_of(&c.association);
            // A part is listed as long as its parts are.
            let whole = all.iter().find(is_whole).ok_or(EINVAL)?.set.view();
            let mut entries = part.copy_entries()?;
            // A part of which nothing is left has no addresses, and can do
            // nothing with them.
            entries.retain(|e| whole.covers(e));
            all.push(Self::coming(&part, entries)?, GFP_KERNEL)?;
        }
        Ok(all)
    }

    fn coming(association: &Arc<Association>, entries: KVec<Prefix>) -> Result<Coming> {
        let set = AddressSet::new(entries)?;
        let once = association
            .copy_set()?
            .with_former(&association.copy_former()?)?;
        let former = once.without(&set)?;
        Ok(Coming {
            association: association.clone(),
            set: KBox::new(set, GFP_KERNEL)?,
            former: KBox::new(former, GFP_KERNEL)?,
        })
    }

    /// What it takes to forget what was in the sets of an association and its parts.
    fn forgetting(&self, association: &Arc<Association>) -> Result<Forgetting> {
        let mut all = self.registry().parts_of(association)?;
        all.push(association.clone(), GFP_KERNEL)?;
        let mut ids = KVec::with_capacity(all.len(), GFP_KERNEL)?;
        for association in &all {
            ids.push(association.id(), GFP_KERNEL)?;
        }
        let nothing = Formers::nothing_of(&all)?;
        let replaced = KVec::with_capacity(nothing.len(), GFP_KERNEL)?;
        Ok(Forgetting {
            ids,
            nothing,
            replaced,
        })
    }

    /// Forgets that. Gives back the old sets.
    fn carry_out(&self, forgetting: Forgetting) -> KVec<Replaced<AddressSet>> {
        let mut replaced = forgetting.replaced;
        let mut control = self.holdings.control();
        // There is room, made before.
        forgetting.nothing.carry_out(&mut control, &mut replaced);
        replaced
    }

    fn changed(
        association: &Association,
        change: Change,
        given: KVec<Prefix>,
    ) -> Result<KVec<Prefix>> {
        let mut entries = association.copy_entries()?;
        match change {
            Change::Replace => return Ok(given),
            Change::Add => {
                for entry in given {
                    if entries.contains(&entry) {
                        return Err(EEXIST);
                    }
                    entries.push(entry, GFP_KERNEL)?;
                }
            }
            Change::Remove => {
                for entry in given {
                    let before = entries.len();
                    entries.retain(|e| *e != entry);
                    if entries.len() == before {
                        return Err(ENOENT);
                    }
                }
            }
        }
        Ok(entries)
    }
}
