// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association while its tasks run.
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{Change, MAX_ADDRS};
use crate::events::Happening;
use crate::policy::{Prefix, Uid};
use crate::sys::rcu_cell::Replaced;

use super::association::Association;
use super::delegate::permit_owner;
use super::former::Formers;
use super::grants::Turn;
use super::keys::Findable;
use super::registry::Updating;
use super::set::AddressSet;
use super::tenants::Tenants;
use super::{former, leftover, patience};

/// What an update puts in place for one association.
struct Coming {
    association: Arc<Association>,
    set: Findable,
    former: Option<KBox<AddressSet>>,
}

/// What a reset needs for an association and its parts: their ids, and what replaces
/// their former addresses.
struct Forgetting {
    ids: KVec<u32>,
    nothing: Formers,
    replaced: KVec<Replaced<AddressSet>>,
}

impl Tenants {
    /// Changes the set of an association. `reset` ends its connections, and those of
    /// its parts, on addresses that are no longer in their sets, wherever their
    /// descriptors are. Returns the number of connections that `reset` ended. On
    /// addresses that the set gains, connections of former owners end in any case.
    ///
    /// # Errors
    ///
    /// `EEXIST` when an entry to add is in the set, `ENOENT` when one to remove is
    /// not, `EINVAL` when no entry would be left, `E2BIG` when there would be too
    /// many, `EPERM` when the caller has become associated, or is a user whose own the association
    /// is not or whose grant does not cover the new set, `ERESTARTNOINTR` when a
    /// signal comes while another update of the tenant is in progress, `ENOMEM`. No
    /// set changed; after `EPERM` or `ENOMEM` connections of former owners may have
    /// ended.
    pub(crate) fn update(
        &self,
        association: &Arc<Association>,
        change: Change,
        given: KVec<Prefix>,
        reset: bool,
        turn: Option<&Turn>,
    ) -> Result<u64> {
        let user = turn.map(|turn| turn.grant().uid);
        permit_owner(user, association)?;
        let _updating = self.begin_update(association)?;
        let entries = Self::changed(association, change, given)?;
        if entries.is_empty() {
            return Err(EINVAL);
        }
        if entries.len() > usize::try_from(MAX_ADDRS)? {
            return Err(E2BIG);
        }
        if let Some(turn) = turn {
            turn.grant().permit(&entries)?;
        }
        let mut copy = KVec::new();
        copy.extend_from_slice(&entries, GFP_KERNEL)?;
        let added = AddressSet::of_entries(copy)?.without(&association.copy_set()?)?;
        // Allocate before anything changes.
        let forgetting = match reset {
            true => Some(self.forgetting(association)?),
            false => None,
        };
        // Now, while these connections can still send a reset. After the change they
        // cannot continue.
        leftover::end_predecessors(&self.holdings, association, &added)?;
        let replaced = self.put_in_place(association, entries, &added, user)?;
        // Waits, for a limited time, until no decision uses the old sets.
        self.waiting.drop_soon(replaced);
        association.subject().has(Happening::Changed);
        let Some(forgetting) = forgetting else {
            return Ok(0);
        };
        let ended = leftover::end_of(&self.holdings, association, &forgetting.ids);
        // Connections that were not found, or are locked, cannot continue after this.
        self.waiting.drop_soon(self.carry_out(forgetting));
        Ok(ended)
    }

    /// Waits until no other update of the same tenant is in progress, and makes
    /// narrowing wait until this one has ended.
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

    /// Puts the new sets in place: of `association`, which is to have `entries`, of
    /// which `added` is new, and of its parts. Returns the old ones.
    fn put_in_place(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
        added: &AddressSet,
        user: Option<Uid>,
    ) -> Result<KVec<Replaced<AddressSet>>> {
        let mut control = self.control_from_outside()?;
        if let Some(uid) = user {
            self.holdings.grants.permit(uid, &entries, &control)?;
        }
        let registry = self.registry();
        // Allocate everything first: nothing below can fail.
        let mut all = self.prepare(association, entries)?;
        let others = Formers::disinheriting(&control, registry, association, added)?;
        let room = 2 * all.len() + 1 + others.len();
        let mut replaced = KVec::with_capacity(room, GFP_KERNEL)?;
        if association.reserves() {
            let coming = Some((&**association, all[0].set.entries()));
            let reserved = &self.holdings.reserved;
            let old = reserved.renew(&mut control, registry, coming)?;
            Replaced::add_to(&mut replaced, old);
        }
        others.carry_out(&mut control, &mut replaced);
        // Parts before their wholes: no part keeps, even for a moment, what its whole
        // has lost. All sets are replaced before the first wait for readers, so that one
        // wait is enough.
        while let Some(coming) = all.pop() {
            // Former addresses first: a reader that no longer sees an address in the
            // set sees it among them.
            let changing = &coming.association;
            let old = former::replace(&mut control, changing, coming.former);
            Replaced::add_to(&mut replaced, old);
            let old = changing.replace_set(coming.set, &mut control);
            Replaced::add_to(&mut replaced, Some(old));
        }
        Ok(replaced)
    }

    /// The new sets of `association`, of its parts and of theirs, each after its
    /// whole: a part keeps nothing that its whole loses.
    fn prepare(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
    ) -> Result<KVec<Coming>> {
        let parts = self.registry().parts_of(association)?;
        let mut all = KVec::with_capacity(parts.len() + 1, GFP_KERNEL)?;
        all.push(self.coming(association, entries)?, GFP_KERNEL)?;
        for part in parts {
            let is_whole = |c: &&Coming| part.is_part_of(&c.association);
            // A whole is listed as long as its parts are.
            let whole = all.iter().find(is_whole).ok_or(EINVAL)?.set.view();
            let mut entries = part.copy_entries()?;
            // A part that keeps no entry has no addresses, and can use none.
            entries.retain(|e| whole.covers(e));
            all.push(self.coming(&part, entries)?, GFP_KERNEL)?;
        }
        Ok(all)
    }

    fn coming(&self, association: &Arc<Association>, entries: KVec<Prefix>) -> Result<Coming> {
        let set = AddressSet::of_entries(entries)?;
        let once = association
            .copy_set()?
            .with_former(&association.copy_former()?)?;
        let former = once.without(&set)?;
        Ok(Coming {
            association: association.clone(),
            set: association.findable(set, self.keys())?,
            former: former.into_former()?,
        })
    }

    /// Allocates what it takes to forget the former addresses of an association and
    /// its parts.
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

    /// Forgets them. Returns the old sets.
    fn carry_out(&self, forgetting: Forgetting) -> KVec<Replaced<AddressSet>> {
        let mut replaced = forgetting.replaced;
        let mut control = self.holdings.control();
        // `forgetting` made room.
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
