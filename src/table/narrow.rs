// SPDX-License-Identifier: GPL-2.0

//! A process takes a part of its own association's set, and leaves the rest.
//! May sleep. Nobody needs a right for it, so what there can be of it is limited:
//! `part.rs`. Its set is charged to whoever does it, before the lock of control
//! calls is taken; what is made under it is little, and charged to nobody: who is
//! over a limit would sleep meanwhile, and keep others waiting.

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::abi::Name;
use crate::sys::task::{self, TaskKey, TaskRef};

use super::association::{Membership, Terms};
use super::part::PartOf;
use super::{AddressSet, Association, Table};

impl Table {
    /// Moves all threads of the running process to a new association with a
    /// smaller set, which is a part of the present one: it shrinks and ends
    /// with it.
    ///
    /// # Errors
    ///
    /// `ENOENT` when it is not associated, `EPERM` when the set is not within
    /// the present one, `ENOSPC` when there are as many parts as there can be,
    /// or it has narrowed itself as often as it can, `ENOMEM`.
    pub(crate) fn narrow(&self, name: Name, set: AddressSet) -> Result {
        let _one_at_a_time = self.control.lock();
        let process = TaskRef::current_process();
        let present = self.association(TaskKey::current()).ok_or(ENOENT)?;
        let within = {
            let guard = rcu::read_lock();
            let view = present.set(&guard).view();
            set.entries().iter().all(|e| view.covers(e))
        };
        if !within {
            return Err(EPERM);
        }
        let terms = Terms {
            name,
            exclusive: present.terms().exclusive,
            allow_raw: present.terms().allow_raw,
            source: present.terms().source,
        };
        let part_of = PartOf::join(present)?;
        let (association, first) = self.make(terms, set, None, Some(part_of))?;
        self.list(&association)?;
        // Without memory half way, the threads moved so far stay narrowed, and
        // without any the association goes with `first`.
        self.move_over(&process, &association)?;
        drop(first);
        Ok(())
    }

    /// Moves every thread of `process` to `association` from another.
    fn move_over(&self, process: &TaskRef, association: &Arc<Association>) -> Result {
        loop {
            let mut moved = false;
            for thread in process.threads()? {
                if !self.is_member(thread.key(), association) {
                    let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                    if self.has_such(thread.key(), Membership::is_searched) {
                        membership.set_searched();
                    }
                    moved |= self.replace(thread.key(), membership, GFP_KERNEL)?;
                }
            }
            if !moved {
                return Ok(());
            }
            task::wait_for_clones();
        }
    }
}
