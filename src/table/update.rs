// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association whose tasks run. May sleep.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::abi::{Change, MAX_ADDRS};
use crate::policy::Prefix;
use crate::sys::rcu_cell::Replaced;
use crate::sys::sock::SkHold;

use super::gather::gather;
use super::{sockets, AddressSet, Association, Table};

/// The most entries that are remembered after they left a set.
const MAX_FORMER: usize = 4096;

/// What an update puts in place.
struct Coming {
    association: Arc<Association>,
    set: KBox<AddressSet>,
    former: KBox<AddressSet>,
    // Connections to be ended.
    strays: KVVec<SkHold>,
}

impl Table {
    /// Changes the set of an association. `reset` ends connections on
    /// addresses that go. Returns how many were ended.
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
        let one_at_a_time = self.control_from_outside()?;
        let entries = self.changed(association, change, given)?;
        if entries.is_empty() {
            return Err(EINVAL);
        }
        if entries.len() > usize::try_from(MAX_ADDRS)? {
            return Err(E2BIG);
        }
        // Everything that takes memory first: what comes after cannot fail.
        let mut all = self.prepare(association, entries, reset)?;
        let mut changed = KVec::with_capacity(all.len(), GFP_KERNEL)?;
        let mut replaced = KVec::with_capacity(2 * all.len() + 1, GFP_KERNEL)?;
        let reserving = association.reserves().then(|| self.reserving.lock());
        if reserving.is_some() {
            let old = self.renew_reserved(Some((association, all[0].set.entries())))?;
            let _ = replaced.push_within_capacity(old);
        }
        // Parts before what they are parts of: none keeps, not for a moment,
        // what the whole has lost. All before the first wait, which is one for
        // all.
        while let Some(coming) = all.pop() {
            for old in coming.association.replace_set(coming.set, coming.former) {
                // There is room, made above.
                let _ = replaced.push_within_capacity(old);
            }
            let _ = changed.push_within_capacity((coming.association, coming.strays));
        }
        drop(reserving);
        Replaced::drop_all(replaced);
        // Who sends from memory that a slow file system provides keeps its socket
        // locked for as long.
        drop(one_at_a_time);
        let mut ended = 0;
        for (association, strays) in changed {
            ended += sockets::abort(&strays);
            // What was opened since they were looked for.
            if reset {
                let late = self.strays(&association, None);
                ended += late.map_or(0, |late| sockets::abort(&late));
            }
        }
        Ok(ended)
    }

    /// What `association` is to have, and each of its parts, and theirs, after
    /// what it is a part of: of what leaves the whole nothing stays in a part.
    fn prepare(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
        reset: bool,
    ) -> Result<KVec<Coming>> {
        let parts = self.parts_of(association)?;
        let mut all = KVec::with_capacity(parts.len() + 1, GFP_KERNEL)?;
        all.push(self.coming(association, entries, reset)?, GFP_KERNEL)?;
        for part in parts {
            let is_whole = |c: &&Coming| part.is_part_of(&c.association);
            // A part is listed as long as its parts are.
            let whole = all.iter().find(is_whole).ok_or(EINVAL)?.set.view();
            let mut entries = self.copy_entries(&part)?;
            // A part of which nothing is left has no addresses, and can do
            // nothing with them.
            entries.retain(|e| whole.covers(e));
            all.push(self.coming(&part, entries, reset)?, GFP_KERNEL)?;
        }
        Ok(all)
    }

    fn coming(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
        reset: bool,
    ) -> Result<Coming> {
        // Everything that ever was: what is in the set now does no harm there.
        let mut once = self.copy(association, Association::former)?;
        for entry in self.copy_entries(association)? {
            if !once.contains(&entry) {
                once.push(entry, GFP_KERNEL)?;
            }
        }
        // Connections on what left the set longest ago end first.
        while once.len() > MAX_FORMER {
            let _ = once.remove(0);
        }
        let set = KBox::new(AddressSet::new(entries)?, GFP_KERNEL)?;
        let strays = if reset {
            self.strays(association, Some(&set))?
        } else {
            KVVec::new()
        };
        Ok(Coming {
            association: association.clone(),
            set,
            former: KBox::new(AddressSet::new(once)?, GFP_KERNEL)?,
            strays,
        })
    }

    /// A copy of the entries of an association.
    pub(crate) fn copy_entries(&self, association: &Association) -> Result<KVec<Prefix>> {
        self.copy(association, Association::set)
    }

    fn copy(
        &self,
        association: &Association,
        which: for<'g> fn(&'g Association, &'g rcu::Guard) -> &'g AddressSet,
    ) -> Result<KVec<Prefix>> {
        gather(|push| {
            let guard = rcu::read_lock();
            which(association, &guard)
                .entries()
                .iter()
                .for_each(|&entry| push(entry));
        })
    }

    fn changed(
        &self,
        association: &Association,
        change: Change,
        given: KVec<Prefix>,
    ) -> Result<KVec<Prefix>> {
        let mut entries = self.copy_entries(association)?;
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

    /// The connections of an association, also in the hands of its parts, that
    /// are on addresses it would not own with `set`, or does not own now.
    fn strays(
        &self,
        association: &Arc<Association>,
        set: Option<&AddressSet>,
    ) -> Result<KVVec<SkHold>> {
        sockets::strays(&self.tasks_within(association)?, association, set)
    }
}
