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
    /// No address. May sleep. `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            set: RcuCell::new(AddressSet::empty()?),
            any: Atomic::new(false),
        })
    }

    /// Brings the list up to date, with the set that `coming` is about to get in
    /// place of the one it has. Gives back the old list, to be dropped when that may
    /// take a while. `_control` is held until `coming` has got it: another renewal
    /// would not know of it. May sleep.
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
        let set = KBox::new(AddressSet::new(entries)?, GFP_KERNEL)?;
        let replaced = self.set.replace(set);
        self.any.store(any, ordering::Relaxed);
        Ok(replaced)
    }

    /// Whether `addr` is one of them. Any context; never sleeps.
    pub(super) fn contains(&self, addr: IpAddr) -> bool {
        if !self.any.load(ordering::Relaxed) {
            return false;
        }
        let guard = rcu::read_lock();
        self.set.get(&guard).view().contains(addr)
    }
}
