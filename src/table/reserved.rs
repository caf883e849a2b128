// SPDX-License-Identifier: GPL-2.0

//! The addresses that wildcard sockets of unassociated processes leave alone:
//! those of exclusive associations, and dedicated loopback addresses. May sleep,
//! except for looking up whether one is among them.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{rcu, Arc};

use crate::policy::Prefix;
use crate::sys::rcu_cell::{RcuCell, Replaced};

use super::gather::gather;
use super::{AddressSet, Association, Table};

/// The addresses of exclusive associations, and whether there are any.
pub(super) struct Reserved {
    set: RcuCell<AddressSet>,
    any: Atomic<bool>,
}

impl Reserved {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            set: RcuCell::new(AddressSet::empty()?),
            any: Atomic::new(false),
        })
    }
}

impl Table {
    /// Brings the list of exclusive addresses up to date, with the set that
    /// `coming` is about to get in place of the one it has. Gives back the old
    /// list, to be dropped when that may take a while. `reserving` is held, with
    /// `coming` until it has got it: another renewal would not know of it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, nothing changed.
    pub(super) fn renew_reserved(
        &self,
        coming: Option<(&Association, &[Prefix])>,
    ) -> Result<Replaced<AddressSet>> {
        let exclusive: KVVec<Arc<Association>> = gather(|push| {
            self.each_listed(|association| {
                if association.reserves() {
                    push(association.clone());
                }
            });
        })?;
        let mut entries = KVec::new();
        for association in exclusive {
            match coming {
                Some((other, set)) if other.id() == association.id() => {
                    entries.extend_from_slice(set, GFP_KERNEL)?;
                }
                _ => {
                    let theirs = self.copy_entries(&association)?;
                    entries.extend_from_slice(&theirs, GFP_KERNEL)?;
                }
            }
        }
        let any = !entries.is_empty();
        let set = KBox::new(AddressSet::new(entries)?, GFP_KERNEL)?;
        let replaced = self.reserved.set.replace(set);
        self.reserved.any.store(any, ordering::Relaxed);
        Ok(replaced)
    }

    /// An association has neither tasks nor sockets any more. What it had for
    /// itself is free again. Once for each.
    pub(super) fn bury(&self, association: &Association) {
        if self.unlist(association) && association.reserves() {
            let alone = self.reserving.lock();
            // Without memory, wildcards of the host go on leaving the
            // addresses alone: more than needed, never less.
            let old = self.renew_reserved(None);
            drop(alone);
            // Sleeps until no reader has it.
            drop(old);
        }
        self.bury_former(association);
        if let Some(loopback) = association.loopback() {
            self.loopbacks.leave(loopback);
        }
        self.leave_id(association.id());
    }

    /// Whether wildcard sockets of unassociated processes are to leave `addr`
    /// alone. Any context; never sleeps.
    pub(crate) fn is_reserved(&self, addr: IpAddr) -> bool {
        if let IpAddr::V4(v4) = addr {
            if v4.is_loopback() && self.loopbacks.is_taken(v4) {
                return true;
            }
        }
        if !self.reserved.any.load(ordering::Relaxed) {
            return false;
        }
        let guard = rcu::read_lock();
        self.reserved.set.get(&guard).view().contains(addr)
    }
}
