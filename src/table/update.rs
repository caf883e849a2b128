// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association whose tasks run. May sleep.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::abi::{Change, MAX_ADDRS};
use crate::policy::Prefix;
use crate::sys::sock::SkHold;
use crate::sys::task;

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
    strays: KVec<SkHold>,
}

impl Table {
    /// Changes the set of an association. `reset` ends connections on
    /// addresses that go. Returns how many were ended.
    ///
    /// # Errors
    ///
    /// `EEXIST` when an entry to add is there, `ENOENT` when one to remove is
    /// not, `EINVAL` when none would be left, `E2BIG` when too many, `ENOMEM`;
    /// nothing changed.
    pub(crate) fn update(
        &self,
        association: &Arc<Association>,
        change: Change,
        given: KVec<Prefix>,
        reset: bool,
    ) -> Result<u64> {
        let _one_at_a_time = self.control.lock();
        let entries = self.changed(association, change, given)?;
        if entries.is_empty() {
            return Err(EINVAL);
        }
        if entries.len() > usize::try_from(MAX_ADDRS)? {
            return Err(E2BIG);
        }
        // Everything that takes memory first: what comes after cannot fail.
        let all = self.prepare(association, entries, reset)?;
        if association.reserves() {
            self.renew_reserved(Some((association, all[0].set.entries())))?;
        }
        let mut ended = 0;
        for Coming {
            association,
            set,
            former,
            strays,
        } in all
        {
            association.replace_set(set, former);
            ended += sockets::abort(&strays);
            // What was opened since they were looked for.
            if reset {
                let late = self.strays(&association, None);
                ended += late.map_or(0, |late| sockets::abort(&late));
            }
        }
        Ok(ended)
    }

    /// What `association` is to have, and each of its parts, and theirs: of
    /// what leaves the whole nothing stays in a part.
    fn prepare(
        &self,
        association: &Arc<Association>,
        entries: KVec<Prefix>,
        reset: bool,
    ) -> Result<KVec<Coming>> {
        let mut all = KVec::new();
        all.push(self.coming(association, entries, reset)?, GFP_KERNEL)?;
        let mut looked_at = 0;
        while looked_at < all.len() {
            for part in self.parts_of(&all[looked_at].association)? {
                let mut entries = self.copy_entries(&part)?;
                let whole = all[looked_at].set.view();
                // A part of which nothing is left has no addresses, and can do
                // nothing with them.
                entries.retain(|e| whole.covers(e));
                all.push(self.coming(&part, entries, reset)?, GFP_KERNEL)?;
            }
            looked_at += 1;
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
            KVec::new()
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

    /// The connections of an association that are on addresses it would not
    /// own with `set`, or does not own now.
    fn strays(
        &self,
        association: &Arc<Association>,
        set: Option<&AddressSet>,
    ) -> Result<KVec<SkHold>> {
        let tasks = gather(|push| {
            task::each(|task| {
                if self.is_member(task.key(), association) {
                    push(task.hold());
                }
                true
            });
        })?;
        let mut strays = KVec::new();
        for task in &tasks {
            for stray in sockets::strays(task, association, set)? {
                strays.push(stray, GFP_KERNEL)?;
            }
        }
        Ok(strays)
    }
}
