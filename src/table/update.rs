// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association whose tasks run. May sleep.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::abi::{Change, MAX_ADDRS};
use crate::policy::Prefix;
use crate::sys::task;

use super::gather::gather;
use super::{sockets, AddressSet, Association, Table};

/// The most entries that are remembered after they left a set.
const MAX_FORMER: usize = 4096;

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
        if association.reserves() {
            self.renew_reserved(Some((association, &entries)))?;
        }
        self.put_in_place(association, entries)?;

        let mut ended = 0;
        let mut shrinking = KVec::new();
        shrinking.push(association.clone(), GFP_KERNEL)?;
        while let Some(whole) = shrinking.pop() {
            for part in self.parts_of(&whole)? {
                self.shrink(&part, &whole)?;
                shrinking.push(part, GFP_KERNEL)?;
            }
            if reset {
                ended += self.reset_strays(&whole)?;
            }
        }
        Ok(ended)
    }

    fn put_in_place(&self, association: &Association, entries: KVec<Prefix>) -> Result {
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
        let former = KBox::new(AddressSet::new(once)?, GFP_KERNEL)?;
        let set = KBox::new(AddressSet::new(entries)?, GFP_KERNEL)?;
        association.replace_set(set, former);
        Ok(())
    }

    /// Takes from `part` what is not in `whole` any more. A part of which
    /// nothing is left has no addresses, and can do nothing with them.
    fn shrink(&self, part: &Association, whole: &Association) -> Result {
        let mut entries = self.copy_entries(part)?;
        let before = entries.len();
        {
            let guard = rcu::read_lock();
            let view = whole.set(&guard).view();
            entries.retain(|e| view.covers(e));
        }
        if entries.len() < before {
            self.put_in_place(part, entries)?;
        }
        Ok(())
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

    fn reset_strays(&self, association: &Arc<Association>) -> Result<u64> {
        let tasks = gather(|push| {
            task::each(|task| {
                if self.is_member(task.key(), association) {
                    push(task.hold());
                }
                true
            });
        })?;
        let mut ended = 0;
        for task in &tasks {
            ended += sockets::reset_strays(task, association)?;
        }
        Ok(ended)
    }
}
