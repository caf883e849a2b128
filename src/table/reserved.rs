// SPDX-License-Identifier: GPL-2.0

//! The addresses of exclusive associations, which wildcard sockets of unassociated
//! processes leave alone.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{rcu, Arc};

use crate::policy::Prefix;
use crate::sys::rcu_cell::{RcuCell, Replaced};

use super::association::Association;
use super::control::Control;
use super::gather::gather;
use super::registry::Registry;
use super::set::AddressSet;

/// The addresses of exclusive associations, and whether there are any.
pub(super) struct Reserved {
    set: RcuCell<AddressSet>,
    any: Atomic<bool>,
}

impl Reserved {
    /// No address. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            set: RcuCell::new(AddressSet::empty()?),
            any: Atomic::new(false),
        })
    }

    /// Renews the list. For `coming` it counts the set that the association is about
    /// to get, not its present one. Returns the old list, whose drop waits for
    /// readers. The caller holds the control lock until the association has that set:
    /// another renewal would not know of it. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, nothing changed.
    pub(super) fn renew(
        &self,
        _control: &mut Control,
        registry: &Registry,
        coming: Option<(&Association, &[Prefix])>,
    ) -> Result<Replaced<AddressSet>> {
        let exclusive: KVVec<Arc<Association>> = gather(|push| {
            registry.each(|association| {
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
                    let theirs = association.copy_entries()?;
                    entries.extend_from_slice(&theirs, GFP_KERNEL)?;
                }
            }
        }
        let any = !entries.is_empty();
        let set = KBox::new(AddressSet::of_entries(entries)?, GFP_KERNEL)?;
        let replaced = self.set.replace(set);
        self.any.store(any, ordering::Relaxed);
        Ok(replaced)
    }

    /// Whether `addr` is one of them. Context: any.
    pub(super) fn contains(&self, addr: IpAddr) -> bool {
        if !self.any.load(ordering::Relaxed) {
            return false;
        }
        let guard = rcu::read_lock();
        self.set.get(&guard).view().contains(addr)
    }
}
