// SPDX-License-Identifier: GPL-2.0

//! A process takes a part of its own association's set, and leaves the rest.
//! May sleep.
//!
//! Nobody needs a right for it, so what there can be of it is limited: `limits.rs`.
//! And a tenant chooses how much there is to do, for how many threads, and how fast
//! it gets a processor. So no lock is held that sleeps: the part is listed with the
//! registry locked, which is short, and the threads are moved one by one. The
//! kernel has one thread of a process at a time call this: `cred_guard_mutex` of
//! the process is held (`sys_lsm_set_self_attr()`).

use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::barrier::smp_mb;
use kernel::sync::Arc;

use crate::abi::Name;
use crate::sys::map::Entry;
use crate::sys::task::{self, TaskKey, TaskRef};

use super::association::{Association, PartOf};
use super::membership::Membership;
use super::patience;
use super::set::AddressSet;
use super::tenants::Tenants;

impl Tenants {
    /// Moves all threads of the running process to a new association with a
    /// smaller set, which is a part of the present one: it shrinks and ends
    /// with it.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, or is not any more; `EPERM` when the set
    /// is not within the present one, `ENOSPC` when there are as many parts as
    /// there can be, or it has narrowed itself as often as it can,
    /// `ERESTARTNOINTR` when a signal comes while an administrator's call about its
    /// association goes on, `ENOMEM`.
    pub(crate) fn narrow(&self, name: Name, set: AddressSet) -> Result {
        let present = self.members.association(TaskKey::current()).ok_or(ENOENT)?;
        let terms = present.terms().narrowed(name);
        let part_of = PartOf::join(present.clone())?;
        let (part, first) = self.make(terms, set, Some(part_of))?;
        // So that who is first does not stay wide alone for want of memory.
        let caller = Self::entry_in(&part)?;
        let registry = &self.holdings.registry;
        let mut listing = registry.listing(&part)?;
        // A call that changes or ends the present association goes first.
        while let Some(again) = registry.list_part(&present, &part, listing)? {
            patience::pause()?;
            listing = again;
        }
        if !self.move_into(TaskKey::current(), &part, caller) {
            // Released this moment.
            return Err(ENOENT);
        }
        // Without memory half way, the threads moved so far stay narrowed. The
        // association goes with `first` when nobody is in it.
        self.move_over(&TaskRef::current_process(), &part)?;
        drop(first);
        Ok(())
    }

    /// Moves every thread of `process` to `part` from what that is a part of, until
    /// a look at them finds none to move.
    fn move_over(&self, process: &TaskRef, part: &Arc<Association>) -> Result {
        loop {
            let mut moved = false;
            for thread in process.threads()? {
                let is_wider = |m: &Membership| m.is_wider_than(part);
                if self.members.has_such(thread.key(), is_wider) {
                    moved |= self.move_into(thread.key(), part, Self::entry_in(part)?);
                }
            }
            if !moved {
                return Ok(());
            }
            task::wait_for_clones();
        }
    }

    /// An entry for a task in `part`. `ENOENT` when that has ended.
    fn entry_in(part: &Arc<Association>) -> Result<KBox<Entry<Membership>>> {
        let membership = Membership::join(part.clone()).ok_or(ENOENT)?;
        Entry::new(membership, GFP_KERNEL_ACCOUNT)
    }

    /// Puts a task into `part` in place of what that is a part of, and tells
    /// whether it did. A task that was released meanwhile, or is in another
    /// association by now, stays where it is.
    fn move_into(&self, task: TaskKey, part: &Association, entry: KBox<Entry<Membership>>) -> bool {
        let moved = self.members.replace_if(task, entry, |old, new| {
            let is_wider = old.is_wider_than(part);
            if is_wider && old.is_searched() {
                new.set_searched();
            }
            is_wider
        });
        // Pairs with `Association::revoke`: the call that ends it sees the task, or
        // this that it was ended. It may be in another association by now.
        smp_mb(ordering::Full);
        if moved && part.is_revoked() {
            self.members.remove_if(task, Membership::is_revoked);
        }
        moved
    }
}
