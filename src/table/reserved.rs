// SPDX-License-Identifier: GPL-2.0

//! The addresses of exclusive associations, which wildcard sockets of unassociated
//! processes leave alone.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::policy::Prefix;
use crate::sys::rcu_cell::{RcuOption, Replaced};

use super::association::Association;
use super::control::Control;
use super::gather::gather;
use super::registry::Registry;
use super::set::AddressSet;

/// The addresses of exclusive associations, if there are any.
pub(super) struct Reserved(RcuOption<AddressSet>);

impl Reserved {
    /// No address.
    pub(super) fn new() -> Self {
        Self(RcuOption::new(None))
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
    ) -> Result<Option<Replaced<AddressSet>>> {
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
        let set = match entries.is_empty() {
            true => None,
            false => Some(KBox::new(AddressSet::of_entries(entries)?, GFP_KERNEL)?),
        };
        Ok(self.0.replace(set))
    }

    /// Whether `addr` is one of them. Context: any.
    pub(super) fn contains(&self, addr: IpAddr) -> bool {
        // Before the section is entered: most machines have none.
        self.0.is_some()
            && self
                .0
                .get(&rcu::read_lock())
                .is_some_and(|set| set.view().contains(addr))
    }
}
